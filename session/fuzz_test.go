package session

import (
	"bytes"
	"testing"
	"time"
)

// FuzzPacket feeds arbitrary packets to a linked session: it understands them or ends.
func FuzzPacket(f *testing.F) {
	seq := appendControl(nil, frameSeq, 0)
	message := append(appendSequencedHead(nil, frameMessage, 0, 5), "hello"...)
	first := append(appendSequencedHead(nil, frameFirst, 0, 3), 9, 'a', 'b')
	f.Add(bytes.Join([][]byte{seq, message, message}, nil))
	f.Add(bytes.Join([][]byte{appendControl(nil, frameAck, 0), seq, first}, nil))
	f.Add(appendAckDigest(nil, 0, 42))
	f.Add(appendNonce(appendNonce(nil, framePing, 1), framePong, 2))
	f.Add(appendControl(nil, frameCredit, 0, 0, 1<<20))
	f.Add(appendReason(nil, frameEnd, "bye", 0, 0, 0))
	f.Add(appendControl(nil, frameEndAck, 0, 0))
	f.Add(appendControl(nil, frameSuperseded, 100, 9))
	f.Add(appendReason(nil, frameAbort, "\x00\xff", 2, 0))
	f.Add(appendControl(nil, frameDetach, 0))
	f.Add([]byte{0x61, 1, 0})
	f.Fuzz(func(t *testing.T, packet []byte) {
		if len(packet) > maxPacket {
			return
		}
		ct := newCoreTest(t)
		link := ct.attach()
		ct.settle(link)
		ct.a.send(&ct.a.streams.main, []byte("pending"))
		ct.next(ct.a)
		for range 2 { // what was well-formed the first time may be a duplicate now
			if err := ct.deliver(ct.a, link, packet); err != nil && ct.a.phase != phaseEnded {
				t.Fatalf("%x: %v, and the session goes on", packet, err)
			}
		}
		for {
			if !ct.a.consume(&ct.a.streams.main, nil).whole {
				break
			}
		}
		ct.a.tick(ct.now.Add(time.Hour))
		if ct.a.phase != phaseEnded {
			ct.a.closeNow(ct.now)
		}
		if used := ct.a.cfg.Budget.Used(); used != 0 {
			t.Fatalf("%x: %d bytes of the budget are gone", packet, used)
		}
	})
}

// FuzzAttachRequest: whatever an acceptor is sent, it creates nothing without the proof.
func FuzzAttachRequest(f *testing.F) {
	ct := newCoreTest(&testing.T{})
	_, raw, _ := ct.request()
	f.Add(raw)
	f.Add(raw[:40])
	f.Add(make([]byte, requestLen))
	f.Fuzz(func(t *testing.T, request []byte) {
		a, err := NewAcceptor(&AcceptorConfig{Config: Config{Key: []byte("a key that no input was made with")}})
		if err != nil {
			t.Fatal(err)
		}
		at := a.Attach(request)
		if at.Accepted() || len(a.Sessions()) != 0 {
			t.Fatalf("%x was accepted", request)
		}
		if q, err := parseRequest(request); err == nil {
			if again := q.encode(testKey); !bytes.Equal(again[:requestLen-proofLen], request[:requestLen-proofLen]) {
				t.Fatalf("%x\nbecame\n%x", request, again)
			}
		}
	})
}

// FuzzAttachReply: whatever a dialing side is answered, it adopts nothing without the proof.
func FuzzAttachReply(f *testing.F) {
	ct := newCoreTest(&testing.T{})
	_, raw, q := ct.request()
	_, reply := ct.answer(raw, q)
	f.Add(reply)
	f.Add(reply[:replyLen-1])
	f.Add(make([]byte, replyLen))
	f.Fuzz(func(t *testing.T, reply []byte) {
		ct := newCoreTest(t)
		ct.seed = 1 << 32 // another nonce than the seeds' request had
		n, raw, _ := ct.request()
		if err := ct.a.adopt(ct.now, n, raw, reply); err == nil || ct.a.phase != phaseOpen || ct.a.link != linkNone {
			t.Fatalf("%x: %v", reply, err)
		}
		if r, err := parseReply(reply); err == nil {
			again := r.encode(testKey, raw)
			if !bytes.Equal(again[:replyLen-proofLen], reply[:replyLen-proofLen]) {
				t.Fatalf("%x\nbecame\n%x", reply, again)
			}
		}
	})
}
