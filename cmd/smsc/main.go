// Command smsc is a carrier on your laptop: an SMPP 3.4 server that accepts, delays, refuses,
// delivers and replies. docs/simulator.md says what each number does.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"tidings/internal/gateway/smsc"
)

// options are the flags; a share is a number from 0 to 1.
type options struct {
	Listen   string `default:"127.0.0.1:2775" placeholder:"HOST:PORT" help:"Address to listen on."`
	SystemID string `placeholder:"ID" help:"The only system id that may bind; without it anybody may."`
	Password string `env:"SMSC_PASSWORD" help:"Its password."`
	MaxBinds int    `placeholder:"N" help:"Connections allowed per system id."`

	Delay        time.Duration `placeholder:"TIME" help:"Before each response."`
	ReceiptDelay time.Duration `default:"200ms" help:"From the response to the receipt; negative: no receipts."`
	Jitter       time.Duration `placeholder:"TIME" help:"At most so much later, for each response and receipt by chance: they overtake each other."`
	Window       int           `default:"200" help:"Receipts unanswered per connection."`
	Rate         float64       `placeholder:"N" help:"Parts a second per system id; more is throttled."`
	CutEvery     int           `placeholder:"N" help:"Cut the connection off at every n-th submit, which is lost."`
	Plain        bool          `help:"Numbers that end in 99xx are like any other."`
	Decimal      bool          `name:"decimal-receipts" help:"Receipts name their message in decimal."`
	Seed         uint64        `help:"Which of the messages meet the shares below."`

	Refused     float64 `placeholder:"SHARE" help:"Refused for good."`
	Temporary   float64 `placeholder:"SHARE" help:"Refused for now."`
	Throttled   float64 `placeholder:"SHARE" help:"Told to slow down."`
	Mute        float64 `placeholder:"SHARE" help:"Taken and never answered."`
	Cut         float64 `placeholder:"SHARE" help:"Taken, and the connection is cut off before the answer."`
	NoReceipt   float64 `placeholder:"SHARE" help:"Delivered without a receipt."`
	Undelivered float64 `placeholder:"SHARE" help:"Reported undeliverable."`
	Expired     float64 `placeholder:"SHARE" help:"Reported expired."`
	Twice       float64 `placeholder:"SHARE" help:"With two receipts."`
	Early       float64 `placeholder:"SHARE" help:"With the receipt before the response."`
	Stop        float64 `placeholder:"SHARE" help:"The person answers STOP."`

	Witness string `type:"path" placeholder:"FILE" help:"Write every submit there as a line of JSON; - is standard output."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "smsc:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, in io.Reader, out, log io.Writer) (err error) {
	var o options
	parser, err := kong.New(&o, kong.Name("smsc"), kong.Writers(out, log),
		kong.Description("A simulated carrier. Lines on standard input, \"from to text\", are texts that people send."))
	if err != nil {
		return err
	}
	if _, err := parser.Parse(args); err != nil {
		return err
	}
	cfg := o.config()
	switch o.Witness {
	case "":
	case "-":
		cfg.Witness = out
	default:
		f, err := os.OpenFile(o.Witness, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		cfg.Witness = f
	}
	s, err := smsc.Start(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(log, "smsc: listening on %s\n", s.Addr())
	go talk(s, in, log)
	err = s.Wait()
	n := s.Stats()
	fmt.Fprintf(log, "smsc: %d submits, %d parts taken, %d refused, %d whole messages, %d receipts answered\n",
		n.Submits, n.Accepted, n.Refused, n.Messages, n.Receipts)
	return err
}

func (o *options) config() smsc.Config {
	return smsc.Config{
		Listen: o.Listen, SystemID: o.SystemID, Password: o.Password, MaxBinds: o.MaxBinds,
		Delay: o.Delay, ReceiptDelay: o.ReceiptDelay, Jitter: o.Jitter, Window: o.Window, Rate: o.Rate, CutEvery: o.CutEvery,
		Plain: o.Plain, Seed: o.Seed, DecimalReceipts: o.Decimal,
		Shares: smsc.Shares{
			Refused: o.Refused, Temporary: o.Temporary, Throttled: o.Throttled, Mute: o.Mute, Cut: o.Cut,
			NoReceipt: o.NoReceipt, Undelivered: o.Undelivered, Expired: o.Expired, Twice: o.Twice,
			Early: o.Early, Stop: o.Stop,
		},
	}
}

// talk lets people send the texts that are typed in.
func talk(s *smsc.Server, in io.Reader, log io.Writer) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		f := strings.SplitN(strings.TrimSpace(lines.Text()), " ", 3)
		if len(f) < 3 {
			if f[0] != "" {
				fmt.Fprintln(log, `smsc: write "from to text", as in: 447700900123 TIDINGS STOP`)
			}
			continue
		}
		if err := s.Say(f[0], f[1], f[2]); err != nil {
			fmt.Fprintln(log, "smsc:", err)
		}
	}
}
