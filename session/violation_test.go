package session

import (
	"bytes"
	"testing"
	"testing/synctest"
)

// §3.1: what is too large for a packet ends the session; on another link it would come again.
func TestTooLargeAPacketEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		synctest.Wait()
		p.net.last().a.WritePacket(make([]byte, maxPacket+1), nil)
		synctest.Wait()
		if r := lostReason(t, p.b.Err()); r != ReasonProtocol {
			t.Errorf("lost by %v", r)
		}
		if r := lostReason(t, p.a.Err()); r != ReasonPeerAborted {
			t.Errorf("the other side lost it by %v", r)
		}
	})
}

// slowConn takes its time to write a packet.
type slowConn struct {
	*pipeEnd
	began, proceed chan struct{}
	packets        [][]byte
}

func (c *slowConn) WritePacket(head, body []byte) error {
	c.packets = append(c.packets, bytes.Join([][]byte{head, body}, nil)) // one call at a time
	if len(c.packets) == 1 {
		close(c.began)
		<-c.proceed
	}
	return nil
}

// §7.3: the end is told also when it comes while a packet is being written.
func TestAbortBehindAPacketThatIsBeingWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		acc, err := NewAcceptor(&AcceptorConfig{Config: Config{Key: testKey}})
		if err != nil {
			t.Fatal(err)
		}
		ct := newCoreTest(t)
		ct.a.cfg.Key = testKey
		_, raw, _ := ct.request()
		at := acc.Attach(raw)
		if !at.Accepted() {
			t.Fatal("refused")
		}
		p := newPipe()
		c := &slowConn{pipeEnd: p.b, began: make(chan struct{}), proceed: make(chan struct{})}
		at.Bind(c)
		<-c.began
		p.a.WritePacket([]byte{0xff}, nil)
		synctest.Wait()
		close(c.proceed)
		synctest.Wait()
		if len(c.packets) != 2 {
			t.Fatalf("%d packets were written", len(c.packets))
		}
		if f, err := parseControl(c.packets[1]); err != nil || f.typ != frameAbort || f.fields[0] != abortProtocol {
			t.Errorf("the last is %x", c.packets[1])
		}
		for _, s := range acc.Sessions() {
			s.CloseNow()
		}
	})
}
