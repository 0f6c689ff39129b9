package app

// Unseal reads the password of a gateway, "" if it cannot.
func Unseal(a *App, gateway int16, sealed []byte) string {
	secrets, err := a.unseal(gateway, sealed)
	if err != nil {
		return ""
	}
	return secrets["password"]
}

// Kinds is how many kinds of gateways can be made.
func Kinds() int { return len(gatewayKinds) }

// Learned says what receipts teach about the ids of a carrier.
func Learned(hits map[string]int) (mode string, sure bool) { return learned(hits) }
