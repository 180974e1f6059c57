//go:build sleep && linux

package sleep

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// metapackage depends on the package of the latest kernel.
const metapackage = "linux-image-cloud-amd64"

// findKernel returns the directory of an unpacked kernel: what is in the cache, or else the
// latest there is.
func findKernel() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "brum-sleep-test")
	if found, _ := filepath.Glob(filepath.Join(cache, "linux-image-*")); len(found) > 0 {
		return slices.Max(found), nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	staging, err := os.MkdirTemp(cache, "staging-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(staging)
	name, err := unpackKernel(staging)
	if err != nil {
		return "", fmt.Errorf("the sleep tests need a kernel: %w", err)
	}
	kernel := filepath.Join(cache, name)
	return kernel, os.Rename(filepath.Join(staging, "tree"), kernel)
}

// unpackKernel downloads the kernel's package and unpacks it into dir/tree. It installs
// nothing.
func unpackKernel(dir string) (name string, err error) {
	if err := apt("check", "-qq"); err != nil { // after an update
		return "", err
	}
	out, err := exec.Command("apt-cache", "depends", metapackage).Output()
	if err != nil {
		return "", fmt.Errorf("apt-cache: %w", err)
	}
	for field := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(field, "linux-image-") && field != metapackage {
			name = field
		}
	}
	if name == "" {
		return "", fmt.Errorf("apt knows no %s", metapackage)
	}
	download := exec.Command("apt-get", "download", "-qq", name)
	download.Dir = dir
	if out, err := download.CombinedOutput(); err != nil {
		return "", fmt.Errorf("apt-get download %s: %w: %s", name, err, out)
	}
	debs, _ := filepath.Glob(filepath.Join(dir, "*.deb"))
	if len(debs) != 1 {
		return "", fmt.Errorf("%d packages came for %s", len(debs), name)
	}
	if out, err := exec.Command("dpkg", "-x", debs[0], filepath.Join(dir, "tree")).CombinedOutput(); err != nil {
		return "", fmt.Errorf("dpkg -x: %w: %s", err, out)
	}
	return name, nil
}

// image is the kernel itself.
func image(kernel string) (string, error) {
	found, _ := filepath.Glob(filepath.Join(kernel, "boot", "vmlinuz-*"))
	if len(found) != 1 {
		return "", fmt.Errorf("%d kernels below %s", len(found), kernel)
	}
	return found[0], nil
}

// modulesFor returns the files of modules and of all that they depend on, in the order in which
// they can be loaded.
func modulesFor(kernel string, names ...string) ([]string, error) {
	const suffix = ".ko"
	files := make(map[string]string)
	err := filepath.WalkDir(filepath.Join(kernel, "lib", "modules"), func(path string, _ fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(filepath.Base(path), suffix); ok {
			files[strings.ReplaceAll(name, "-", "_")] = path
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var order []string
	var add func(name string) error
	add = func(name string) error {
		path, ok := files[name]
		if !ok {
			return fmt.Errorf("no module %s%s below %s", name, suffix, kernel)
		}
		if slices.Contains(order, path) {
			return nil
		}
		needs, err := dependencies(path)
		if err != nil {
			return err
		}
		for _, n := range needs {
			if err := add(n); err != nil {
				return err
			}
		}
		order = append(order, path)
		return nil
	}
	for _, name := range names {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// dependencies reads from a module which others it needs.
func dependencies(path string) ([]string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close()
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("%s: %w", path, errors.New("no .modinfo"))
	}
	info, err := section.Data()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for entry := range strings.SplitSeq(string(info), "\x00") {
		if list, ok := strings.CutPrefix(entry, "depends="); ok {
			return strings.FieldsFunc(strings.ReplaceAll(list, "-", "_"), func(r rune) bool { return r == ',' }), nil
		}
	}
	return nil, nil
}
