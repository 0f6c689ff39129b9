package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// smppPort is the port that packets are given, so that tshark knows the protocol.
const smppPort = 2775

// Commands of SMPP (3.4 §5.1.2.1).
const (
	submitSM  uint64 = 0x00000004
	deliverSM uint64 = 0x00000005
	answer    uint64 = 0x80000000
)

// capture is a relay in front of an SMS centre that writes down every PDU.
type capture struct {
	ln   net.Listener
	to   string
	mu   sync.Mutex
	pdus []pdu
	rest [2][]byte // of each direction, not yet a whole PDU
}

// pdu is one PDU as it went over the wire.
type pdu struct {
	answer bool // from the SMS centre
	octets []byte
}

func newCapture(ctx context.Context, to string) (*capture, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &capture{ln: ln, to: to}
	context.AfterFunc(ctx, func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go c.relay(ctx, conn)
		}
	}()
	return c, nil
}

func (c *capture) port() int { return c.ln.Addr().(*net.TCPAddr).Port }

func (c *capture) relay(ctx context.Context, client net.Conn) {
	defer client.Close()
	centre, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.to)
	if err != nil {
		return
	}
	defer centre.Close()
	go func() {
		_, _ = io.Copy(io.MultiWriter(c.tap(true), client), centre)
		client.Close()
	}()
	_, _ = io.Copy(io.MultiWriter(c.tap(false), centre), client)
}

// tap writes down one direction.
func (c *capture) tap(answer bool) io.Writer {
	return writer(func(b []byte) (int, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		i := 0
		if answer {
			i = 1
		}
		c.rest[i] = append(c.rest[i], b...)
		for len(c.rest[i]) >= 4 {
			n := int(binary.BigEndian.Uint32(c.rest[i]))
			if n < 16 || len(c.rest[i]) < n {
				break
			}
			c.pdus = append(c.pdus, pdu{answer, append([]byte(nil), c.rest[i][:n]...)})
			c.rest[i] = c.rest[i][n:]
		}
		return len(b), nil
	})
}

type writer func([]byte) (int, error)

// Write calls the function.
func (w writer) Write(b []byte) (int, error) { return w(b) }

// pcap writes the PDUs as packets of one TCP connection, each PDU in a segment.
func (c *capture) pcap(file string) error {
	b := binary.LittleEndian.AppendUint32(nil, 0xA1B2C3D4)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = binary.LittleEndian.AppendUint32(b, 1<<18)
	b = binary.LittleEndian.AppendUint32(b, 101) // packets begin with the IP header
	seq := [2]uint32{1, 1}
	for i, p := range c.pdus {
		from, to := 0, 1
		ports := [2]uint16{40000, smppPort}
		if p.answer {
			from, to = 1, 0
		}
		size := 40 + len(p.octets)
		b = binary.LittleEndian.AppendUint32(b, uint32(i/1_000_000))
		b = binary.LittleEndian.AppendUint32(b, uint32(i%1_000_000))
		b = binary.LittleEndian.AppendUint32(b, uint32(size))
		b = binary.LittleEndian.AppendUint32(b, uint32(size))
		b = append(b, 0x45, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(size))
		b = append(b, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, byte(from+1), 10, 0, 0, byte(to+1))
		b = binary.BigEndian.AppendUint16(b, ports[from])
		b = binary.BigEndian.AppendUint16(b, ports[to])
		b = binary.BigEndian.AppendUint32(b, seq[from])
		b = binary.BigEndian.AppendUint32(b, seq[to])
		b = append(b, 0x50, 0x18, 0xFF, 0xFF, 0, 0, 0, 0)
		b = append(b, p.octets...)
		seq[from] += uint32(len(p.octets))
	}
	return os.WriteFile(file, b, 0o600)
}

// judge lets tshark read every PDU: none may be malformed, there must be as many of each kind as
// were meant, and their fields must say what was meant.
func (c *capture) judge(ctx context.Context, dir string, r report) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	file := filepath.Join(dir, "run.pcap")
	if err := c.pcap(file); err != nil {
		return "", err
	}
	ask := func(filter string, fields ...string) ([][]string, error) {
		args := []string{"-r", file, "-d", fmt.Sprintf("tcp.port==%d,smpp", smppPort), "-Y", filter, "-T", "fields", "-E", "separator=|"}
		for _, f := range fields {
			args = append(args, "-e", f)
		}
		out, err := exec.CommandContext(ctx, "tshark", args...).Output()
		if err != nil {
			return nil, fmt.Errorf("tshark: %w", err)
		}
		var rows [][]string
		for line := range strings.Lines(string(out)) {
			rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "|"))
		}
		return rows, nil
	}
	all, err := ask("smpp", "smpp.command_id", "smpp.command_length", "smpp.command_status")
	if err != nil {
		return "", err
	}
	bad, err := ask("_ws.malformed || _ws.expert.severity == error", "frame.number", "_ws.expert.message")
	if err != nil {
		return "", err
	}
	if len(bad) > 0 || len(all) != len(c.pdus) {
		return "", fmt.Errorf("tshark reads %d of %d PDUs and calls %d malformed: %v", len(all), len(c.pdus), len(bad), bad[:min(3, len(bad))])
	}
	kinds := map[uint64]int{}
	for _, row := range all {
		id, err := strconv.ParseUint(row[0], 0, 64)
		if err != nil {
			return "", fmt.Errorf("tshark says %q", row)
		}
		if status, _ := strconv.ParseUint(row[2], 0, 64); status == 0 {
			kinds[id]++
		}
	}
	for id, n := range map[uint64]int{submitSM: r.Parts, answer | submitSM: r.Parts, deliverSM: r.Due, answer | deliverSM: r.Due} {
		if kinds[id] != n {
			return "", fmt.Errorf("tshark counts %d PDUs of command %#x, not %d", kinds[id], id, n)
		}
	}
	if err := fields(ask, r); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d PDUs, 0 malformed", len(all)), nil
}

// fields holds what tshark reads in every submit and receipt against what is meant.
func fields(ask func(string, ...string) ([][]string, error), r report) error {
	submits, err := ask("smpp.command_id == 0x00000004", "smpp.destination_addr", "smpp.regdel.receipt",
		"smpp.source_addr", "smpp.source_addr_ton", "smpp.source_addr_npi", "smpp.dest_addr_ton", "smpp.dest_addr_npi")
	if err != nil {
		return err
	}
	due := 0
	for _, f := range submits {
		if meant(f[1], "1") {
			due++
		}
		if got := strings.Join(f[2:], " "); !meant(got, "TIDINGS 5 0 1 1") || !strings.HasPrefix(strings.TrimPrefix(f[0], "+"), "4479460") {
			return fmt.Errorf("tshark reads a submit_sm as %q", f)
		}
	}
	receipts, err := ask("smpp.command_id == 0x00000005 && smpp.esm.submit.msg_type == 1", "smpp.destination_addr")
	if err != nil {
		return err
	}
	if len(submits) != r.Parts || due != r.Due || len(receipts) != r.Due {
		return fmt.Errorf("tshark finds %d submits, %d of them with a receipt asked for, and %d receipts", len(submits), due, len(receipts))
	}
	for _, f := range receipts {
		if f[0] != "TIDINGS" {
			return fmt.Errorf("tshark reads a receipt to %q", f[0])
		}
	}
	return nil
}

// meant compares fields: numbers by value, since versions of tshark write them in their own ways.
func meant(got, want string) bool {
	g, w := strings.Fields(got), strings.Fields(want)
	if len(g) != len(w) {
		return false
	}
	for i := range g {
		a, errA := strconv.ParseUint(g[i], 0, 64)
		b, errB := strconv.ParseUint(w[i], 0, 64)
		if same := errA == nil && errB == nil && a == b || g[i] == w[i]; !same {
			return false
		}
	}
	return true
}
