package config

import (
	"strings"
)

// secretVariable is how the variables begin that hold a secret of a route:
// TIDINGS_GATEWAY_PASSWORD is its password.
const secretVariable = "TIDINGS_GATEWAY_"

// secretsOfRoutes are the secrets that are looked for in the environment.
var secretsOfRoutes = []string{"password", "auth_token", "token", "signing_key", "webhook_secret"}

// config turns the texts of a command about routes into their values.
func (c *routeCommands) config(verb string, getenv func(string) string) (*Config, error) {
	var p Problems
	out := &Config{Command: Gateway, Route: &Route{Verb: verb}}
	r := out.Route
	var disk onDisk
	var l logs
	switch verb {
	case "list":
		disk, l = c.List.onDisk, c.List.logs
	case "add":
		disk, l = c.Add.onDisk, c.Add.logs
		r.Kind, r.Name, r.Off, r.Stdin = c.Add.Kind, c.Add.Name, c.Add.Off, c.Add.Secrets.Stdin
		r.Set = p.settings(c.Add.Set)
	case "change":
		disk, l = c.Change.onDisk, c.Change.logs
		r.Name, r.Stdin = c.Change.Name, c.Change.Secrets.Stdin
		r.Set = p.settings(c.Change.Set)
	default:
		s := map[string]*stopRoute{"drain": &c.Drain, "off": &c.Off, "on": &c.On, "move": &c.Move}[verb]
		disk, l = s.onDisk, s.logs
		r.Name, r.Reason = s.Name, s.Reason
	}
	r.Secrets = map[string]string{}
	for _, name := range secretsOfRoutes {
		if v := getenv(secretVariable + strings.ToUpper(name)); v != "" {
			r.Secrets[name] = v
		}
	}
	out.DataDir = disk.DataDir
	out.DatabaseURL = p.database(getenv, out.DataDir)
	if s := getenv("TIDINGS_SECRET"); s != "" || out.DataDir == "" {
		out.Secret = p.secret(s, Gateway)
	}
	p.logs(out, l)
	if len(p) > 0 {
		return nil, p
	}
	return out, nil
}

// settings reads words such as weight=100. A secret among them is refused: who
// may list the processes of this computer reads it there.
func (p *Problems) settings(words []string) map[string]string {
	out := map[string]string{}
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok || name == "" {
			p.add("%q is no setting: write NAME=VALUE, such as weight=100.", w)
			continue
		}
		for _, s := range secretsOfRoutes {
			if name == s {
				p.add("%s is a secret, and everybody on this computer can read a command line: set %s, or use --secrets-stdin.", name, secretVariable+strings.ToUpper(name))
			}
		}
		out[name] = value
	}
	return out
}
