//go:build sleep && linux

package sleep

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// cpio writes an archive from which the kernel makes its first file system (the format "newc"
// of initramfs). Files belong to root and may be devices, which takes
// no rights here.
type cpio struct {
	w       *bufio.Writer
	written int64
	inode   int
	dirs    map[string]bool
	err     error // the first; nothing is done after it
}

func newCPIO(w io.Writer) *cpio {
	return &cpio{w: bufio.NewWriter(w), dirs: map[string]bool{".": true}}
}

// Types of files, as in their modes.
const (
	typeDir    = 0o040000
	typeFile   = 0o100000
	typeLink   = 0o120000
	typeDevice = 0o020000 // of characters
)

// dir adds a directory and those above it.
func (c *cpio) dir(name string) {
	name = clean(name)
	if c.dirs[name] {
		return
	}
	c.dir(filepath.Dir(name))
	c.dirs[name] = true
	c.entry(name, typeDir|0o755, 0, 0, nil)
}

func (c *cpio) file(name string, perm int, data []byte) {
	c.dir(filepath.Dir(clean(name)))
	c.entry(clean(name), typeFile|perm, 0, 0, data)
}

func (c *cpio) text(name, data string) { c.file(name, 0o644, []byte(data)) }

// copy adds a file of this machine's under another name.
func (c *cpio) copy(name, from string) {
	if c.err != nil {
		return
	}
	info, err := os.Stat(from)
	var data []byte
	if err == nil {
		data, err = os.ReadFile(from)
	}
	if err != nil {
		c.err = err
		return
	}
	c.file(name, int(info.Mode().Perm()), data)
}

func (c *cpio) link(name, target string) {
	c.dir(filepath.Dir(clean(name)))
	c.entry(clean(name), typeLink|0o777, 0, 0, []byte(target))
}

func (c *cpio) device(name string, major, minor int) {
	c.dir(filepath.Dir(clean(name)))
	c.entry(clean(name), typeDevice|0o600, major, minor, nil)
}

// close ends the archive.
func (c *cpio) close() error {
	c.entry("TRAILER!!!", 0, 0, 0, nil)
	if c.err == nil {
		c.err = c.w.Flush()
	}
	return c.err
}

func clean(name string) string { return strings.TrimPrefix(filepath.Clean(name), "/") }

func (c *cpio) entry(name string, mode, major, minor int, data []byte) {
	if c.err != nil {
		return
	}
	c.inode++
	fields := []int{c.inode, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name) + 1, 0}
	header := "070701"
	for _, f := range fields {
		header += fmt.Sprintf("%08X", f)
	}
	c.write([]byte(header + name + "\x00"))
	c.pad()
	c.write(data)
	c.pad()
}

func (c *cpio) write(b []byte) {
	n, err := c.w.Write(b)
	c.written += int64(n)
	if c.err == nil {
		c.err = err
	}
}

func (c *cpio) pad() { c.write(slices.Repeat([]byte{0}, int(-c.written&3))) }
