package config

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// cli is the grammar of the command line. Every value is read as text, so that
// one wrong value does not hide the next; check says what is wrong with them.
type cli struct {
	Dev struct {
		pages
		role
		schedule
		DataDir       string `default:".data" placeholder:"DIR" help:"Folder of the database and of what this computer keeps."`
		CarrierListen string `default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Address of the simulated carrier; port 0 takes a free one."`
		logs
	} `cmd:"" help:"Run everything on this computer: database, pages, workers and a simulated carrier."`
	Serve struct {
		pages
		role
		schedule
		logs
	} `cmd:"" help:"Run the pages, the workers, or both, on a server."`
	Work struct {
		pages
		schedule
		logs
	} `cmd:"" help:"Run the workers only; the same as serve --role=worker."`
	Migrate struct {
		logs
	} `cmd:"" help:"Bring the database to the newest schema, and end."`
	Seed struct {
		onDisk
		logs
	} `cmd:"" help:"Write the demo data, and end."`
	Check struct {
		onDisk
		logs
	} `cmd:"" help:"Ask the database whether every invariant holds; 1 if one does not."`
	Health struct {
		listen
	} `cmd:"" help:"Ask the server on this address whether it is ready; 1 if it is not."`
	Gateway routeCommands `cmd:"" help:"Look at the routes to carriers, add or change one, stop or start it."`
}

// routeCommands are what can be done with routes.
type routeCommands struct {
	List struct {
		onDisk
		logs
	} `cmd:"" help:"Show every route and how it is."`
	Add struct {
		Kind    string   `arg:"" help:"What kind of gateway: smpp, twilio or http."`
		Name    string   `arg:"" help:"Its name: small letters, digits and hyphens."`
		Set     []string `arg:"" optional:"" placeholder:"SETTING=VALUE" help:"Its settings, such as addresses=smpp.carrier.example:2775 system_id=me countries=FR,NO weight=100."`
		Off     bool     `help:"Do not use it yet."`
		Secrets secrets  `embed:""`
		onDisk
		logs
	} `cmd:"" help:"Add a route. Its password comes from TIDINGS_GATEWAY_PASSWORD, or with --secrets-stdin from the standard input."`
	Change struct {
		Name    string   `arg:"" help:"Its name."`
		Set     []string `arg:"" optional:"" placeholder:"SETTING=VALUE" help:"What is to be different."`
		Secrets secrets  `embed:""`
		onDisk
		logs
	} `cmd:"" help:"Change a route. What is not named stays as it is, and so do its secrets."`
	Drain stopRoute `cmd:"" help:"Let nothing new leave by a route; it still takes receipts."`
	Off   stopRoute `cmd:"" help:"Turn a route off: answers are awaited, then its connections close."`
	On    stopRoute `cmd:"" help:"Turn a route on."`
	Move  stopRoute `cmd:"" help:"Have what waits for a route, and certainly did not leave, go by others that are on."`
}

type stopRoute struct {
	Name   string `arg:"" help:"Its name."`
	Reason string `default:"by the command line" placeholder:"TEXT" help:"Why, for the audit log."`
	onDisk
	logs
}

type secrets struct {
	Stdin bool `name:"secrets-stdin" help:"Read its secrets from the standard input, a line NAME=VALUE each."`
}

type listen struct {
	Listen string `default:"127.0.0.1:8080" from:"TIDINGS_LISTEN" placeholder:"HOST:PORT" help:"Address of the pages and of /healthz and /readyz."`
}

type pages struct {
	listen
	BaseURL string `name:"base-url" from:"TIDINGS_BASE_URL" placeholder:"URL" help:"Where people reach the pages."`
}

type role struct {
	Role string `default:"all" from:"TIDINGS_ROLE" placeholder:"ROLE" help:"What this process does: web, worker or all."`
}

type schedule struct {
	MinLead string `default:"5m" from:"TIDINGS_MIN_LEAD" placeholder:"TIME" help:"The least lead of a scheduled sending."`
}

type onDisk struct {
	DataDir string `placeholder:"DIR" help:"Use the database that tidings dev keeps in this folder."`
}

type logs struct {
	LogLevel  string `default:"info" from:"TIDINGS_LOG_LEVEL" placeholder:"LEVEL" help:"The least that is logged: debug, info, warn or error."`
	LogFormat string `default:"text" from:"TIDINGS_LOG_FORMAT" placeholder:"FORMAT" help:"How it is logged: text or json."`
}

const about = `Tidings sends text-message campaigns.

What is secret is read from the environment only:
  DATABASE_URL    the Postgres to use; dev starts its own without it
  TIDINGS_SECRET  32 random bytes or more, in hex or base64, the same for every process
  TIDINGS_SMPP    a carrier: smpp://user:password@host:port?window=10&binds=1&rate=0
                  (smpps:// for an encrypted connection); others are added on the
                  page Gateways, or by tidings gateway add
  TIDINGS_GATEWAY_PASSWORD, _AUTH_TOKEN, _TOKEN, _SIGNING_KEY, _WEBHOOK_SECRET
                  the secrets of a route, for tidings gateway
  TIDINGS_GATEWAY_NETWORKS
                  networks that gateways may reach over HTTP though they are not
                  public, such as 10.1.0.0/16`

// ErrHelp says that help was asked for and printed: there is nothing to run.
var ErrHelp = errors.New("help was printed")

// Parse reads the arguments (without the program's name) and the environment.
// Help goes to out and gives ErrHelp; any other error is Problems or a sentence
// about the command line.
func Parse(args []string, getenv func(string) string, out io.Writer) (*Config, error) {
	var c cli
	helped := false
	k, err := kong.New(&c, kong.Name("tidings"), kong.Description(about), kong.Writers(out, out),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoAppSummary: false}),
		kong.ValueFormatter(helpWithVariable),
		kong.Resolvers(fromEnv(getenv)))
	if err != nil {
		return nil, fmt.Errorf("the command line's grammar: %w", err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ctx, err := k.Parse(args)
	if helped {
		return nil, ErrHelp
	}
	if err != nil {
		return nil, fmt.Errorf("%s; see tidings --help", err)
	}
	words := strings.Fields(ctx.Command())
	if words[0] == Gateway {
		return c.Gateway.config(words[1], getenv)
	}
	return c.config(words[0], getenv)
}

// fromEnv reads a flag that was not given from the variable its tag names.
func fromEnv(getenv func(string) string) kong.ResolverFunc {
	return func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if name := flag.Tag.Get("from"); name != "" {
			if v := getenv(name); v != "" {
				return v, nil
			}
		}
		return nil, nil
	}
}

func helpWithVariable(v *kong.Value) string {
	help := kong.DefaultHelpValueFormatter(v)
	if name := v.Tag.Get("from"); name != "" {
		help += " ($" + name + ")"
	}
	return help
}
