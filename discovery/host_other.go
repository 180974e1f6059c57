//go:build !linux

package discovery

import "github.com/shirou/gopsutil/v4/host"

func machineID() string {
	id, err := host.HostID()
	if err != nil {
		return ""
	}
	return id
}

func namespace() string { return "" }
