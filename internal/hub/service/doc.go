// Package service lets a hub start when its user logs in: as a systemd user unit, a launchd
// agent or a task of the Windows Task Scheduler. What is written for them is made by pure
// functions; what runs their tools is thin.
package service
