package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"tidings/internal/app"
	"tidings/internal/config"
	"tidings/internal/sms"
)

// operator is who gives commands.
func operator() sms.Actor { return sms.Actor{Name: "The command line", System: true} }

// gatewayCommand looks at the routes to carriers, or changes one.
func gatewayCommand(ctx context.Context, a *app.App, r *config.Route, in io.Reader, out io.Writer) error {
	var err error
	why := app.RouteReason{Reason: r.Reason}
	switch r.Verb {
	case "list":
		return listGateways(ctx, a, out)
	case "add":
		err = addGateway(ctx, a, r, in)
	case "change":
		err = changeGateway(ctx, a, r, in)
	case "drain":
		err = a.DrainGateway(ctx, operator(), r.Name, why)
	case "off":
		err = a.PauseGateway(ctx, operator(), r.Name, why)
	case "on":
		err = a.ResumeGateway(ctx, operator(), r.Name)
	case "move":
		var m app.Moved
		if m, err = a.MoveWaiting(ctx, operator(), r.Name, why); err == nil {
			fmt.Fprintf(out, "%d messages leave by other routes, %d wait on.\n", m.Messages, m.Left)
		}
	}
	return inWords(err, r)
}

// inWords says what is wrong by the names of the settings, as they were written.
func inWords(err error, r *config.Route) error {
	var p sms.Problems
	switch {
	case errors.As(err, &p):
		lines := make([]string, len(p))
		for i, x := range p {
			lines[i] = strings.TrimPrefix(strings.TrimPrefix(x.Field, "set-"), sms.SecretInput) + ": " + x.Text
		}
		return errors.New(strings.Join(lines, "\n         "))
	case errors.Is(err, sms.ErrNotFound):
		return fmt.Errorf("there is no route named %q; see tidings gateway list", r.Name)
	case sms.Words(err) != "":
		return errors.New(sms.Words(err))
	}
	return err
}

func listGateways(ctx context.Context, a *app.App, out io.Writer) error {
	g, err := a.Gateways(ctx, operator())
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tWANTED\tSTATE\tCONNECTIONS\tKIND\tCOUNTRIES\tSHARE\tPARTS/S\tWAITING\tFROM")
	for _, l := range g.Lines {
		s := l.Sum(g.Now)
		from := "database"
		if l.Environment {
			from = "environment"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%d\t%s\t%d\t%s\n", l.Name, l.State, or(s.State, "-"), s.Binds, l.Kind, or(strings.Join(l.Countries, ","), "all"), l.Weight, speedOf(l, s), l.Load.Waiting, from)
	}
	return w.Flush()
}

// speedOf is the limit of a route, and what its carrier has asked for below it.
func speedOf(l app.GatewayLine, s sms.GatewayStatus) string {
	out := "-"
	if s.Rate > 0 {
		out = strconv.Itoa(int(s.Rate))
	}
	if l.Pace.Slow > 0 {
		out = strconv.Itoa(int(l.Pace.Slow)) + " of " + out
	}
	return out
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func addGateway(ctx context.Context, a *app.App, r *config.Route, in io.Reader) error {
	k, ok := sms.KindOfRoute(r.Kind)
	if !ok {
		return fmt.Errorf("there is no kind of gateway named %q; the kinds are: %s", r.Kind, kindNames())
	}
	f := sms.NewRouteForm(k)
	f.Name = r.Name
	if err := fill(&f, k, r, in); err != nil {
		return err
	}
	_, err := a.AddGateway(ctx, operator(), f, !r.Off)
	return err
}

func changeGateway(ctx context.Context, a *app.App, r *config.Route, in io.Reader) error {
	g, err := a.Gateway(ctx, operator(), r.Name)
	if err != nil {
		return err
	}
	k, _ := sms.KindOfRoute(g.Kind)
	f := g.Form()
	if err := fill(&f, k, r, in); err != nil {
		return err
	}
	return a.ChangeGateway(ctx, operator(), r.Name, f)
}

func kindNames() string {
	var names []string
	for _, k := range sms.RouteKinds() {
		names = append(names, k.Kind)
	}
	return strings.Join(names, ", ")
}

// fill puts what was written on the command line, and the secrets, into the form.
func fill(f *sms.RouteForm, k sms.RouteKind, r *config.Route, in io.Reader) error {
	terms := map[string]*string{
		"countries": &f.Countries, "senders": &f.Senders, "prefixes": &f.Prefixes, "weight": &f.Weight, "cost": &f.Cost, "validity": &f.Validity, "retry": &f.Retry,
		"on_unknown": &f.OnUnknown, "unknown_hours": &f.UnknownHours, "codes": &f.Codes,
	}
	settings := map[string]bool{}
	for _, x := range k.Fields {
		settings[x.Name] = x.Type != sms.SettingSecret
	}
	for _, name := range slices.Sorted(maps.Keys(r.Set)) {
		switch into, ok := terms[name]; {
		case ok:
			*into = strings.ReplaceAll(r.Set[name], `\n`, "\n")
		case name == "kinds":
			f.Kinds = strings.FieldsFunc(r.Set[name], func(c rune) bool { return c == ',' || c == ' ' })
		case settings[name]:
			f.Set[name] = strings.ReplaceAll(r.Set[name], `\n`, "\n")
		default:
			return fmt.Errorf("a route of this kind has no setting %q; it has: %s", name, settingNames(terms, k))
		}
	}
	secrets, err := secretsOf(r, in)
	if err != nil {
		return err
	}
	for _, x := range k.Secrets() {
		f.Set[x.Name] = secrets[x.Name]
	}
	return nil
}

func settingNames(terms map[string]*string, k sms.RouteKind) string {
	names := append(slices.Sorted(maps.Keys(terms)), "kinds")
	for _, x := range k.Fields {
		if x.Type != sms.SettingSecret {
			names = append(names, x.Name)
		}
	}
	return strings.Join(names, ", ")
}

// secretsOf are the secrets from the environment and, where asked, from in.
func secretsOf(r *config.Route, in io.Reader) (map[string]string, error) {
	out := maps.Clone(r.Secrets)
	if !r.Stdin {
		return out, nil
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), "=")
		if !ok {
			return nil, errors.New("the standard input is to hold lines such as password=…")
		}
		out[strings.TrimSpace(name)] = value
	}
	return out, lines.Err()
}
