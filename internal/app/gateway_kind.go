package app

import (
	"fmt"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/generic"
	"tidings/internal/gateway/outward"
	"tidings/internal/gateway/smpp"
	"tidings/internal/gateway/twilio"
	"tidings/internal/sms"
)

// gatewayKinds makes a gateway of a route, by its kind: the one place that knows
// which kinds there are.
var gatewayKinds = map[string]func(a *App, r sms.Route, secrets map[string]string) (gateway.Gateway, error){
	smpp.Kind: func(_ *App, r sms.Route, secrets map[string]string) (gateway.Gateway, error) {
		return smpp.Open(r.Name, r.Settings, secrets, time.Duration(r.Validity)*time.Hour, gateway.CodesOf(r.Codes))
	},
	twilio.Kind: func(a *App, r sms.Route, secrets map[string]string) (gateway.Gateway, error) {
		return twilio.New(r.Name, r.Settings, secrets, twilio.Options{
			Client: outward.Client(outward.Options{Allow: a.Networks}), ReceiptURL: a.receiptURL(r.Name), Codes: gateway.CodesOf(r.Codes),
		})
	},
	generic.Kind: func(a *App, r sms.Route, secrets map[string]string) (gateway.Gateway, error) {
		return generic.New(r.Name, r.Settings, secrets, generic.Options{
			Client: outward.Client(outward.Options{Allow: a.Networks}), ReceiptURL: a.receiptURL(r.Name), Codes: gateway.CodesOf(r.Codes),
		})
	},
}

// receiptURL is the address to which a carrier posts its receipts.
func (a *App) receiptURL(name string) string { return a.Base + "/gateways/" + name + "/receipts" }

// newGateway makes the gateway of a route. What is wrong with its settings comes
// back as sms.Problems, by the fields of its form.
func (a *App) newGateway(r sms.Route, secrets map[string]string) (gateway.Gateway, error) {
	kind, ok := gatewayKinds[r.Kind]
	if !ok {
		return nil, fmt.Errorf("there is no kind of gateway named %q", r.Kind)
	}
	return kind(a, r, secrets)
}
