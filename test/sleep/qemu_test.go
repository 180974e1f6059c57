//go:build sleep && linux

package sleep

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	tap     = "tap0"
	console = "console.log"
)

// qemu is a virtual machine without KVM, so that it runs anywhere.
type qemu struct {
	cmd     *exec.Cmd
	dir     string
	done    chan struct{} // closed when it has ended
	err     error         // guarded by done
	qmp     net.Conn
	said    chan string   // events, closed with qmp
	guest   net.Conn      // the serial line
	answers *json.Decoder // from it
}

func startQemu(dir string) (*qemu, error) {
	kernel := filepath.Join(dir, "kernel")
	if err := writeRootfs(filepath.Join(dir, "rootfs.cpio"), dir, kernel); err != nil {
		return nil, err
	}
	vmlinuz, err := image(kernel)
	if err != nil {
		return nil, err
	}
	q := &qemu{dir: dir, done: make(chan struct{})}
	q.cmd = exec.Command("qemu-system-x86_64", "-accel", "tcg", "-M", "pc", "-cpu", "max", "-smp", "2", "-m", "512",
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-serial", "file:"+filepath.Join(dir, console),
		"-chardev", "socket,id=guest,server=on,wait=off,path="+q.socket("guest"), "-serial", "chardev:guest",
		"-qmp", "unix:"+q.socket("qmp")+",server=on,wait=off",
		"-netdev", "tap,id=net,script=no,downscript=no,ifname="+tap, "-device", "virtio-net-pci,netdev=net,romfile=",
		"-kernel", vmlinuz, "-initrd", filepath.Join(dir, "rootfs.cpio"),
		"-append", "console=ttyS0 quiet loglevel=4 panic=-1 no_console_suspend systemd.show_status=0 systemd.log_level=notice")
	clock, err := q.clockEnv()
	if err != nil {
		return nil, err
	}
	q.cmd.Env = append(os.Environ(), clock...)
	output, err := os.Create(filepath.Join(dir, "qemu.log"))
	if err != nil {
		return nil, err
	}
	defer output.Close()
	q.cmd.Stdout, q.cmd.Stderr = output, output
	if err := q.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(q.done)
		q.err = q.cmd.Wait()
	}()
	if err := q.connect(); err != nil {
		q.stop()
		return nil, err
	}
	return q, nil
}

func (q *qemu) socket(name string) string { return filepath.Join(q.dir, name+".sock") }

// connect connects to both sockets of the machine.
func (q *qemu) connect() (err error) {
	if q.guest, err = q.dial("guest"); err != nil {
		return err
	}
	q.answers = json.NewDecoder(q.guest)
	if q.qmp, err = q.dial("qmp"); err != nil {
		return err
	}
	q.said = make(chan string, 64)
	go func() {
		defer close(q.said)
		for records := json.NewDecoder(q.qmp); ; {
			var r struct{ Event string }
			if records.Decode(&r) != nil {
				return
			}
			if r.Event != "" {
				q.said <- r.Event
			}
		}
	}()
	return q.execute("qmp_capabilities")
}

// dial connects to a socket, which the machine makes when it starts.
func (q *qemu) dial(name string) (net.Conn, error) {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("unix", q.socket(name))
		if err == nil {
			return c, nil
		}
		select {
		case <-q.done:
			return nil, fmt.Errorf("qemu has ended: %w", q.err)
		default:
		}
		if time.Now().After(deadline) {
			return nil, err
		}
	}
}

func (q *qemu) execute(command string) error {
	_, err := fmt.Fprintf(q.qmp, "{\"execute\":%q}\n", command)
	return err
}

// await waits until the machine tells of an event.
func (q *qemu) await(event string) error {
	deadline := time.After(time.Minute)
	for {
		select {
		case e, ok := <-q.said:
			if !ok {
				return fmt.Errorf("qemu ended before %s", event)
			}
			if e == event {
				return nil
			}
		case <-deadline:
			return fmt.Errorf("no %s in a minute", event)
		}
	}
}

// stop ends the machine: in order, so that nothing of it stays behind.
func (q *qemu) stop() {
	if q.qmp != nil {
		q.execute("quit")
	}
	patience := time.AfterFunc(5*time.Second, func() { q.cmd.Process.Kill() })
	defer patience.Stop()
	if q.qmp == nil {
		q.cmd.Process.Kill()
	}
	<-q.done
}
