package power

import (
	"bytes"
	"io/fs"
)

// virtual says whether this looks like a virtual machine, which a host may pause: by the name of
// the kernel (WSL), by what the processor or the firmware say.
func virtual(root fs.FS) bool {
	has := func(name string, words ...string) bool {
		b, err := fs.ReadFile(root, name)
		if err != nil {
			return false
		}
		for _, w := range words {
			if bytes.Contains(bytes.ToLower(b), []byte(w)) {
				return true
			}
		}
		return false
	}
	if has("proc/sys/kernel/osrelease", "microsoft", "wsl") || has("proc/cpuinfo", " hypervisor") {
		return true
	}
	if _, err := fs.Stat(root, "proc/device-tree/hypervisor"); err == nil {
		return true
	}
	const dmi = "sys/class/dmi/id/"
	return has(dmi+"sys_vendor", "qemu", "vmware", "innotek", "parallels", "xen", "amazon ec2") ||
		has(dmi+"product_name", "virtual machine", "virtualbox", "kvm", "qemu", "google compute engine")
}
