package gateway

import (
	"math/big"
	"strings"
)

// ParseMoney reads an amount as carriers write it, "0.0075" or "-0.00750"; the sign, which some
// use for what is owed, is dropped. It returns nil for what is no amount.
func ParseMoney(amount, currency string) *Money {
	amount = strings.TrimLeft(strings.TrimSpace(amount), "+-")
	if amount == "" || len(amount) > 24 || strings.Trim(amount, "0123456789.") != "" {
		return nil
	}
	r, ok := new(big.Rat).SetString(amount)
	if !ok {
		return nil
	}
	r.Mul(r, big.NewRat(1_000_000, 1))
	r.Add(r, big.NewRat(1, 2))
	n := new(big.Int).Quo(r.Num(), r.Denom())
	if !n.IsInt64() {
		return nil
	}
	return &Money{Micros: n.Int64(), Currency: strings.ToUpper(currency)}
}
