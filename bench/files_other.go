//go:build !unix

package main

func manyFiles() {}
