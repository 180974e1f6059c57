//go:build sleep && linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/standardbeagle/brum/test/sleep/side"
)

// line is the serial line to the test.
const line = "/dev/ttyS1"

// serve carries out orders until there are no more.
func serve() error {
	port, err := os.OpenFile(line, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer port.Close()
	if err := makeRaw(port); err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	m, err := newMachine()
	if err != nil {
		return err
	}
	answers := json.NewEncoder(port)
	if err := answers.Encode(side.Answer{Hello: true}); err != nil {
		return err
	}
	orders := json.NewDecoder(bufio.NewReader(port))
	for {
		var order side.Order
		if err := orders.Decode(&order); err != nil {
			return err
		}
		answer, err := m.obey(order)
		if err != nil {
			answer.Error = err.Error()
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
}

// makeRaw has the line carry bytes as they are.
func makeRaw(port *os.File) error {
	t, err := unix.IoctlGetTermios(int(port.Fd()), unix.TCGETS)
	if err != nil {
		return err
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	t.Cflag = unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B115200
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	return unix.IoctlSetTermios(int(port.Fd()), unix.TCSETS, t)
}
