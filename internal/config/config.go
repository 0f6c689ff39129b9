// Package config is what Tidings is told at its start: one struct, read from
// flags and the environment. What is wrong with it is said all at once, in
// plain sentences.
package config

import (
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

// The commands of the program.
const (
	Dev     = "dev"     // everything in one process, with its own database and carrier
	Serve   = "serve"   // pages, workers or both, on a server
	Work    = "work"    // workers only: the same as serve --role=worker
	Migrate = "migrate" // bring the schema to the newest version, and end
	Seed    = "seed"    // write the demo data, and end
	Check   = "check"   // ask the database whether every invariant holds, and end
	Health  = "health"  // ask a running server whether it is ready, and end
	Gateway = "gateway" // look at the routes to carriers, or change one, and end
)

// The roles of a process of serve.
const (
	All    = "all"    // pages and workers
	Web    = "web"    // pages only
	Worker = "worker" // workers only
)

// Config is what one start of the program is to do, and with what. Fields that
// the command has no use for are zero.
type Config struct {
	Command string // one of the commands above
	Role    string // of dev, serve and work: one of the roles above

	Listen  string   // host:port of the pages, and of /healthz and /readyz
	BaseURL *url.URL // where people reach the pages, without a path
	Secret  []byte   // 32 bytes or more; nil for dev, which keeps its own (DevSecret)

	DatabaseURL string // empty: the embedded Postgres below DataDir
	DataDir     string // folder of the embedded Postgres and of dev's secret

	SMPP          *SMPP          // a carrier beside the routes of the database; nil for dev means the simulated one
	CarrierListen string         // host:port of dev's simulated carrier
	Networks      []netip.Prefix // that gateways may reach over HTTP though they are not public
	MinLead       time.Duration  // the least lead of a scheduled session

	Route *Route // what the command gateway is to do

	LogLevel slog.Level
	LogJSON  bool
}

// Route is what is to be done with a route to a carrier.
type Route struct {
	Verb    string // list, add, change, drain, off, on or move
	Kind    string // of a new one
	Name    string
	Set     map[string]string // what it is to be, by the names of the settings
	Secrets map[string]string // from the environment: never from the command line
	Stdin   bool              // secrets come from the standard input, a line name=value each
	Off     bool              // a new one is not to be used yet
	Reason  string
}

// ServesPages reports whether this process answers browsers.
func (c *Config) ServesPages() bool { return c.Role == All || c.Role == Web }

// Works reports whether this process runs jobs and speaks to carriers.
func (c *Config) Works() bool { return c.Role == All || c.Role == Worker }

// SMPP is a carrier's address and the terms it gave us.
type SMPP struct {
	Host     string
	Port     int
	SystemID string
	Password string
	Window   int  // unanswered requests allowed on one bind
	Binds    int  // connections at a time
	Rate     int  // message parts a second over all binds; 0: no limit of ours
	TLS      bool // the connection is encrypted (smpps)
}

// Addr is the carrier's host:port.
func (s *SMPP) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// LogValue keeps the password out of logs.
func (s *SMPP) LogValue() slog.Value {
	if s == nil {
		return slog.StringValue("none")
	}
	return slog.GroupValue(slog.String("host", s.Host), slog.Int("port", s.Port), slog.String("system_id", s.SystemID),
		slog.Int("window", s.Window), slog.Int("binds", s.Binds), slog.Int("rate", s.Rate), slog.Bool("tls", s.TLS))
}
