package config

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	hexSecret = "9f1c6d5b0a7e43289f1c6d5b0a7e4328deadbeef00112233445566778899aabb"
	database  = "postgres://tidings:pw@db:5432/tidings"
	carrier   = "smpp://user:p%40ss@smsc.example:2776?window=50&binds=2&rate=100"
)

func parse(t *testing.T, env map[string]string, args ...string) (*Config, error) {
	t.Helper()
	return Parse(args, func(k string) string { return env[k] }, &bytes.Buffer{})
}

func TestDevNeedsNothing(t *testing.T) {
	c, err := parse(t, nil, "dev")
	if err != nil {
		t.Fatal(err)
	}
	if c.Command != Dev || c.Role != All || c.Listen != "127.0.0.1:8080" || c.DataDir != ".data" ||
		c.CarrierListen != "127.0.0.1:0" || c.MinLead != 5*time.Minute || c.DatabaseURL != "" || c.SMPP != nil || c.Secret != nil {
		t.Fatalf("got %+v", c)
	}
	if got := c.BaseURL.String(); got != "http://127.0.0.1:8080" {
		t.Fatalf("base address %s", got)
	}
	if !c.ServesPages() || !c.Works() {
		t.Fatal("dev serves pages and works")
	}
}

func TestServe(t *testing.T) {
	env := map[string]string{
		"DATABASE_URL": database, "TIDINGS_SECRET": hexSecret, "TIDINGS_SMPP": carrier,
		"TIDINGS_BASE_URL": "https://sms.example.com/", "TIDINGS_ROLE": "web", "TIDINGS_LOG_FORMAT": "json",
	}
	c, err := parse(t, env, "serve", "--role=worker", "--listen", ":9000", "--min-lead=30s", "--log-level=debug")
	if err != nil {
		t.Fatal(err)
	}
	if c.Role != Worker { // a flag is stronger than its variable
		t.Errorf("role %q", c.Role)
	}
	if c.ServesPages() || !c.Works() || c.Listen != ":9000" || c.MinLead != 30*time.Second || c.LogLevel != slog.LevelDebug || !c.LogJSON || len(c.Secret) != 32 {
		t.Errorf("got %+v", c)
	}
	if got := c.BaseURL.String(); got != "https://sms.example.com" {
		t.Errorf("base address %s", got)
	}
	if want := (SMPP{Host: "smsc.example", Port: 2776, SystemID: "user", Password: "p@ss", Window: 50, Binds: 2, Rate: 100}); *c.SMPP != want {
		t.Errorf("carrier %+v", *c.SMPP)
	}
}

func TestWorkIsAWorker(t *testing.T) {
	c, err := parse(t, map[string]string{"DATABASE_URL": database, "TIDINGS_SECRET": hexSecret, "TIDINGS_SMPP": carrier}, "work")
	if err != nil {
		t.Fatal(err)
	}
	if c.Role != Worker || c.ServesPages() {
		t.Fatalf("role %q", c.Role)
	}
}

func TestEverythingWrongIsSaidAtOnce(t *testing.T) {
	env := map[string]string{"TIDINGS_SECRET": "short", "TIDINGS_SMPP": "smpp://:x@h:99999?binds=0&speed=9", "TIDINGS_BASE_URL": "sms.example.com"}
	_, err := parse(t, env, "serve", "--role=boss", "--listen=8080", "--min-lead=soon", "--log-level=loud", "--log-format=xml")
	var p Problems
	if !errors.As(err, &p) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{
		"--role is \"boss\"", "--listen is \"8080\"", "--min-lead is \"soon\"", "--log-level is \"loud\"", "--log-format is \"xml\"",
		"TIDINGS_SECRET", "TIDINGS_BASE_URL is \"sms.example.com\"", "DATABASE_URL is not set",
		"port \"99999\"", "user of 0 characters", "binds=0", "speed, which means nothing",
	} {
		if strings.Count(err.Error(), want) != 1 {
			t.Errorf("%q is not said once in:\n%v", want, err)
		}
	}
	if len(p) != 12 {
		t.Errorf("%d problems:\n%v", len(p), err)
	}
}

func TestRequired(t *testing.T) {
	full := map[string]string{"DATABASE_URL": database, "TIDINGS_SECRET": hexSecret, "TIDINGS_SMPP": carrier, "TIDINGS_BASE_URL": "https://x.example"}
	for _, tt := range []struct {
		args    string
		without string
		want    string // "" means it may be missing
	}{
		{"serve", "DATABASE_URL", "DATABASE_URL is not set"},
		{"serve", "TIDINGS_SECRET", "TIDINGS_SECRET is not set"},
		{"serve", "TIDINGS_SMPP", ""}, // routes are in the database
		{"serve --role=web", "TIDINGS_SMPP", ""},
		{"work", "TIDINGS_SMPP", ""},
		{"gateway list", "TIDINGS_SECRET", "TIDINGS_SECRET is not set"},
		{"gateway list --data-dir=.data", "TIDINGS_SECRET", ""},
		{"gateway off orange", "DATABASE_URL", "DATABASE_URL is not set"},
		{"work", "TIDINGS_SECRET", "TIDINGS_SECRET is not set"},
		{"serve --listen=:8080", "TIDINGS_BASE_URL", "TIDINGS_BASE_URL is not set"},
		{"serve", "TIDINGS_BASE_URL", ""},
		{"dev --listen=:8080", "TIDINGS_BASE_URL", ""},
		{"migrate", "DATABASE_URL", "DATABASE_URL is not set"},
		{"migrate", "TIDINGS_SECRET", ""},
		{"check", "DATABASE_URL", "--data-dir .data for the one of make run"},
		{"check --data-dir=.data", "DATABASE_URL", ""},
		{"seed --data-dir=.data", "DATABASE_URL", ""},
	} {
		env := map[string]string{}
		for k, v := range full {
			if k != tt.without {
				env[k] = v
			}
		}
		_, err := parse(t, env, strings.Fields(tt.args)...)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("tidings %s without %s: %v", tt.args, tt.without, err)
		}
	}
}

func TestSecret(t *testing.T) {
	for s, ok := range map[string]bool{
		hexSecret: true,
		"nxxtWwp+Qyifin9dCnzzKN6tvu8AESIzRFVmd4iZqrs=": true,
		"nxxtWwp-Qyifin9dCnzzKN6tvu8AESIzRFVmd4iZqrs":  true,
		"correct horse battery staple, and a few more": false, // a sentence is no key
		strings.Repeat("00", 32):                       false,
		hexSecret[:62]:                                 false,
	} {
		var p Problems
		if key := p.secret(s, Serve); ok != (len(p) == 0 && len(key) == 32) {
			t.Errorf("%s: %v", s, p)
		}
	}
}

func TestNothingSecretIsSaid(t *testing.T) {
	for _, env := range []map[string]string{
		{"TIDINGS_SMPP": "smpp://user:hun/ter2@host"},
		{"TIDINGS_SMPP": "smpp://user:hunter2hunter2@host:x"},
		{"DATABASE_URL": "mysql://user:hunter2@host"},
		{"TIDINGS_SECRET": "hunter2"},
		{"TIDINGS_GATEWAY_NETWORKS": "everywhere"},
	} {
		_, err := parse(t, env, "dev")
		if err == nil || strings.Contains(err.Error(), "hun") {
			t.Errorf("%v gave: %v", env, err)
		}
	}
	c := &SMPP{Host: "h", Password: "hunter2"}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("carrier", "carrier", c)
	if strings.Contains(out.String(), "hunter2") {
		t.Error(out.String())
	}
}

func TestDatabaseShapes(t *testing.T) {
	for s, ok := range map[string]bool{
		database: true, "postgresql://db/tidings": true, "postgres:///tidings?host=/tmp/pg": true,
		"host=/tmp/pg-1 port=5432 user=app dbname=app": true,
		"tidings": false, "https://db/tidings": false, "postgres://": false,
	} {
		if readable(s) != ok {
			t.Errorf("%s: readable is not %v", s, ok)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{nil, {"--help"}, {"serve", "--help"}} {
		var out bytes.Buffer
		_, err := Parse(args, func(string) string { return "" }, &out)
		if !errors.Is(err, ErrHelp) || !strings.Contains(out.String(), "Usage: tidings") {
			t.Errorf("%v: %v\n%s", args, err, out.String())
		}
	}
	if _, err := parse(t, nil, "sevre"); err == nil || errors.Is(err, ErrHelp) {
		t.Errorf("an unknown command gave %v", err)
	}
}

func TestDevSecretStays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	first, err := DevSecret(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := DevSecret(dir)
	if err != nil || !bytes.Equal(first, again) || len(first) != 32 {
		t.Fatalf("%x then %x: %v", first, again, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "secret")); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info.Mode(), err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Fatalf("left over: %v %v", left, err)
	}
}
