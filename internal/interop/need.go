package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// need is a program of others.
type need struct {
	name  string
	there func(cache string) error
	npm   string // package of Node
	apt   string // package of Debian
}

func command(names ...string) func(string) error {
	return func(string) error {
		for _, n := range names {
			if _, err := exec.LookPath(n); err != nil {
				return err
			}
		}
		return nil
	}
}

var (
	tshark   = need{name: "tshark", there: command("tshark"), apt: "tshark"}
	kannel   = need{name: "Kannel", there: command("bearerbox", "smsbox"), apt: "kannel"}
	netSMPP  = need{name: "Net::SMPP", apt: "libnet-smpp-perl", there: func(string) error { return exec.Command("perl", "-MNet::SMPP", "-e1").Run() }}
	nodeSMPP = need{name: "node-smpp", npm: "smpp@0.5.1", there: func(cache string) error {
		if err := command("node")(""); err != nil {
			return err
		}
		_, err := os.Stat(filepath.Join(cache, "node_modules", "smpp"))
		return err
	}}
)

// ensure installs what is not there, or says how.
func (n need) ensure(ctx context.Context, cache string) error {
	if n.there(cache) == nil {
		return nil
	}
	if n.npm != "" {
		if command("node", "npm")("") != nil {
			return fmt.Errorf("NOT RUN: install Node for %s", n.name)
		}
		return n.install(ctx, cache, "npm", "install", "--no-audit", "--no-fund", "--prefix", cache, n.npm)
	}
	release, _ := os.ReadFile("/etc/os-release")
	if os.Getuid() != 0 || !strings.Contains(string(release), "ID=debian\n") {
		return fmt.Errorf("NOT RUN: install %s (Debian: apt-get install --no-install-recommends %s)", n.name, n.apt)
	}
	if err := n.install(ctx, "", "apt-get", "-qq", "update"); err != nil {
		return err
	}
	return n.install(ctx, cache, "apt-get", "-qq", "install", "-y", "--no-install-recommends", n.apt)
}

// install runs an installer and looks for the result, unless cache is empty.
func (n need) install(ctx context.Context, cache, name string, args ...string) error {
	fmt.Fprintf(os.Stderr, "interop: %s %s\n", name, strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("NOT RUN: %s: %w: %.200s", name, err, said.String())
	}
	if cache == "" {
		return nil
	}
	if err := n.there(cache); err != nil {
		return fmt.Errorf("NOT RUN: %s is not there after its installation: %w", n.name, err)
	}
	return nil
}
