package app

import (
	"fmt"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
	"tidings/internal/sms"
)

// gatewayKinds makes a gateway of a route, by its kind: the one place that knows
// which kinds there are.
var gatewayKinds = map[string]func(a *App, r sms.Route, secrets map[string]string) (gateway.Gateway, error){
	smpp.Kind: func(_ *App, r sms.Route, secrets map[string]string) (gateway.Gateway, error) {
		return smpp.Open(r.Name, r.Settings, secrets, time.Duration(r.Validity)*time.Hour)
	},
}

// newGateway makes the gateway of a route. What is wrong with its settings comes
// back as sms.Problems, by the fields of its form.
func (a *App) newGateway(r sms.Route, secrets map[string]string) (gateway.Gateway, error) {
	kind, ok := gatewayKinds[r.Kind]
	if !ok {
		return nil, fmt.Errorf("there is no kind of gateway named %q", r.Kind)
	}
	return kind(a, r, secrets)
}
