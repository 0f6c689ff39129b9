package phone

import (
	"bytes"
	"regexp"
	"regexp/syntax"
)

// prefix is what may be dialled before a number, as an expression. Most numbers begin with a
// digit that no match can begin with, which one bit tells.
type prefix struct {
	expr     *regexp.Regexp
	first    uint16   // bit d: a match may begin with the digit d
	literals [][]byte // the expression, where it is no more than fixed digits
	rewrites bool     // a match may be replaced rather than taken away
}

var fixedDigits = regexp.MustCompile(`^\d+(\|\d+)*$`)

func makePrefix(expr, rewrite string) prefix {
	if expr == "" {
		return prefix{}
	}
	p := prefix{expr: regexp.MustCompile("^(?:" + expr + ")"), rewrites: rewrite != ""}
	if fixedDigits.MatchString(expr) {
		p.literals = bytes.Split([]byte(expr), []byte("|"))
	}
	for d := range 10 {
		if canBegin(expr, rune('0'+d)) {
			p.first |= 1 << d
		}
	}
	return p
}

// matches tells whether a number begins with at least one digit of the prefix.
func (p *prefix) matches(digits []byte) bool {
	if len(digits) == 0 || p.first&(1<<(digits[0]-'0')) == 0 {
		return false
	}
	at := p.expr.FindIndex(digits)
	return at != nil && at[1] > 0
}

// cut takes the prefix away; ok is false where the expression would rewrite the number instead.
func (p *prefix) cut(digits []byte) (rest []byte, ok bool) {
	if len(digits) == 0 || p.first&(1<<(digits[0]-'0')) == 0 {
		return digits, true
	}
	if p.literals != nil {
		for _, l := range p.literals {
			if rest, found := bytes.CutPrefix(digits, l); found {
				return rest, true
			}
		}
		return digits, true
	}
	at := p.expr.FindSubmatchIndex(digits)
	if at == nil {
		return digits, true
	}
	return digits[at[1]:], !p.rewrites || at[len(at)-1] < 0
}

// canBegin tells whether a match of the expression can begin with the digit.
func canBegin(expr string, digit rune) bool {
	b := builder{plan: &plan{}}
	if !b.compile(expr, pattern{}) {
		return true // to be asked each time
	}
	for _, pc := range b.close(b.sets[0]) {
		if in := &b.insts[pc]; in.Op != syntax.InstMatch && in.MatchRune(digit) {
			return true
		}
	}
	return false
}
