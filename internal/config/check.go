package config

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Problems is everything that is wrong with what the program was told, a
// sentence each.
type Problems []string

func (p Problems) Error() string {
	if len(p) == 1 {
		return p[0]
	}
	return fmt.Sprintf("%d settings are wrong:\n  - %s", len(p), strings.Join(p, "\n  - "))
}

func (p *Problems) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

// config turns the texts of one command into their values and says what is
// wrong with all of them.
func (c *cli) config(command string, getenv func(string) string) (*Config, error) {
	var p Problems
	out := &Config{Command: command}
	switch command {
	case Dev:
		out.DataDir = p.dir(c.Dev.DataDir)
		out.CarrierListen = p.address("--carrier-listen", c.Dev.CarrierListen)
		p.server(out, c.Dev.pages, c.Dev.Role, c.Dev.schedule, getenv)
		p.logs(out, c.Dev.logs)
	case Serve:
		p.server(out, c.Serve.pages, c.Serve.Role, c.Serve.schedule, getenv)
		p.logs(out, c.Serve.logs)
	case Work:
		p.server(out, c.Work.pages, Worker, c.Work.schedule, getenv)
		p.logs(out, c.Work.logs)
	case Migrate:
		out.DatabaseURL = p.database(getenv, "")
		p.logs(out, c.Migrate.logs)
	case Seed:
		out.DataDir = c.Seed.DataDir
		out.DatabaseURL = p.databaseOrDir(getenv, out.DataDir)
		p.logs(out, c.Seed.logs)
	case Check:
		out.DataDir = c.Check.DataDir
		out.DatabaseURL = p.databaseOrDir(getenv, out.DataDir)
		p.logs(out, c.Check.logs)
	case Health:
		out.Listen = p.address("--listen", c.Health.Listen)
	}
	if len(p) > 0 {
		return nil, p
	}
	return out, nil
}

func (p *Problems) server(out *Config, pages pages, role string, schedule schedule, getenv func(string) string) {
	out.Role = p.role(role)
	out.Listen = p.address("--listen", pages.Listen)
	out.BaseURL = p.baseURL(pages, out.Command)
	out.MinLead = p.lead(schedule.MinLead)
	out.Secret = p.secret(getenv("TIDINGS_SECRET"), out.Command)
	out.DatabaseURL = p.database(getenv, out.DataDir)
	smpp := getenv("TIDINGS_SMPP")
	if smpp != "" {
		out.SMPP = p.smpp(smpp)
	}
	out.Networks = p.networks(getenv)
}

// networks reads the networks that gateways may reach though they are not public.
func (p *Problems) networks(getenv func(string) string) (out []netip.Prefix) {
	for _, s := range strings.FieldsFunc(getenv("TIDINGS_GATEWAY_NETWORKS"), func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := netip.ParsePrefix(s)
		if err != nil {
			p.add("TIDINGS_GATEWAY_NETWORKS has %q: write networks such as 10.1.0.0/16, apart by commas.", s)
			continue
		}
		out = append(out, n)
	}
	return out
}

func (p *Problems) logs(out *Config, l logs) {
	if err := out.LogLevel.UnmarshalText([]byte(l.LogLevel)); err != nil {
		p.add("--log-level is %q: use debug, info, warn or error.", l.LogLevel)
		out.LogLevel = slog.LevelInfo
	}
	switch l.LogFormat {
	case "text":
	case "json":
		out.LogJSON = true
	default:
		p.add("--log-format is %q: use text or json.", l.LogFormat)
	}
}

func (p *Problems) role(s string) string {
	if !slices.Contains([]string{All, Web, Worker}, s) {
		p.add("--role is %q: use web, worker or all.", s)
	}
	return s
}

func (p *Problems) dir(s string) string {
	if s == "" {
		p.add("--data-dir is empty: name a folder, such as .data.")
	}
	return s
}

func (p *Problems) address(flag, s string) string {
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		var n int
		if n, err = strconv.Atoi(port); err == nil && (n < 0 || n > 65535) {
			err = strconv.ErrRange
		}
	}
	if err != nil {
		p.add("%s is %q: write an address and a port, such as 127.0.0.1:8080, or :8080 for every address of this computer.", flag, s)
	}
	return s
}

// baseURL is where people reach the pages. On one's own computer that is the
// address listened on; a server has to be told.
func (p *Problems) baseURL(pages pages, command string) *url.URL {
	if pages.BaseURL == "" {
		host, port, err := net.SplitHostPort(pages.Listen)
		if ip := net.ParseIP(host); err == nil && (host == "localhost" || ip != nil && ip.IsLoopback() || command == Dev) {
			if ip == nil && host != "localhost" || ip.IsUnspecified() {
				host = "localhost"
			}
			return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}
		}
		if err == nil {
			p.add("TIDINGS_BASE_URL is not set: say where people will reach the pages, such as https://sms.example.com.")
		}
		return nil
	}
	u, err := url.Parse(pages.BaseURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		p.add("TIDINGS_BASE_URL is %q: write http:// or https:// and a host, without a path, such as https://sms.example.com.", pages.BaseURL)
		return nil
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}
}

func (p *Problems) lead(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		p.add("--min-lead is %q: write a length of time, such as 5m or 30s.", s)
	}
	return d
}

func (p *Problems) database(getenv func(string) string, dataDir string) string {
	s := getenv("DATABASE_URL")
	switch {
	case s == "" && dataDir != "":
		return ""
	case s == "":
		p.add("DATABASE_URL is not set: say which Postgres to use, such as postgres://user:password@host:5432/tidings.")
	case !readable(s):
		p.add("DATABASE_URL cannot be read: write postgres://user:password@host:5432/tidings.")
	}
	return s
}

// databaseOrDir is the address of a command that can also use the database of tidings dev.
func (p *Problems) databaseOrDir(getenv func(string) string, dataDir string) string {
	if dataDir == "" && getenv("DATABASE_URL") == "" {
		p.add("DATABASE_URL is not set: say which Postgres to use, such as postgres://user:password@host:5432/tidings, or use --data-dir .data for the one of make run.")
		return ""
	}
	return p.database(getenv, dataDir)
}

// readable reports whether s has one of the two shapes of a Postgres address: a
// URL, or words like host=… dbname=….
func readable(s string) bool {
	u, err := url.Parse(s)
	if err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") {
		return u.Host != "" || u.RawQuery != ""
	}
	key, _, ok := strings.Cut(s, "=")
	return ok && !strings.ContainsAny(key, ":/ ")
}

const minSecret = 32

// secret reads hex or base64. A text that is neither is refused rather than
// taken as it stands: a password that a person thought of is no key.
func (p *Problems) secret(s, command string) []byte {
	const how = "make one with: openssl rand -hex 32"
	if s == "" {
		if command != Dev {
			p.add("TIDINGS_SECRET is not set: it must be the same for every process; %s", how)
		}
		return nil
	}
	key, err := hex.DecodeString(s)
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if err == nil {
			break
		}
		key, err = enc.DecodeString(s)
	}
	switch {
	case err != nil:
		p.add("TIDINGS_SECRET is neither hex nor base64; %s", how)
	case len(key) < minSecret:
		p.add("TIDINGS_SECRET holds %d bytes and must hold %d or more; %s", len(key), minSecret, how)
	case distinct(key) < 8:
		p.add("TIDINGS_SECRET is not random; %s", how)
	default:
		return key
	}
	return nil
}

func distinct(b []byte) int {
	seen := map[byte]bool{}
	for _, c := range b {
		seen[c] = true
	}
	return len(seen)
}
