// Package architecture holds no code, only tests: they keep the module's layers apart.
package architecture
