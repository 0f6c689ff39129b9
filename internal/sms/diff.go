package sms

import "strings"

// Change is a run of words that stayed, went or came.
type Change struct {
	Kind byte // ' ' stayed, '-' went, '+' came
	Text string
}

// Diff is the difference of two texts by words, what went before what came:
// what a moderator reads first of a version that was submitted again (D9).
func Diff(before, after string) []Change {
	a, b := words(before), words(after)
	// The longest common subsequence, from the end.
	lcs := make([][]int, len(a)+1)
	for i := range lcs {
		lcs[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				lcs[i][j] = lcs[i+1][j+1] + 1
			} else {
				lcs[i][j] = max(lcs[i+1][j], lcs[i][j+1])
			}
		}
	}
	var d differ
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			d.keep(a[i])
			i++
			j++
		case j == len(b) || i < len(a) && lcs[i+1][j] >= lcs[i][j+1]:
			d.gone.WriteString(a[i])
			i++
		default:
			d.came.WriteString(b[j])
			j++
		}
	}
	d.flush()
	return d.out
}

// differ gathers runs, so that words which changed together stand together.
type differ struct {
	out        []Change
	gone, came strings.Builder
}

func (d *differ) keep(w string) {
	d.flush()
	if n := len(d.out); n > 0 && d.out[n-1].Kind == ' ' {
		d.out[n-1].Text += w
		return
	}
	d.out = append(d.out, Change{' ', w})
}

func (d *differ) flush() {
	if d.gone.Len() > 0 {
		d.out = append(d.out, Change{'-', d.gone.String()})
	}
	if d.came.Len() > 0 {
		d.out = append(d.out, Change{'+', d.came.String()})
	}
	d.gone.Reset()
	d.came.Reset()
}

// words cuts a text behind each run of spaces, and keeps everything.
func words(s string) []string {
	var out []string
	from, space := 0, false
	for i, r := range s {
		if space && r != ' ' && r != '\n' {
			out = append(out, s[from:i])
			from = i
		}
		space = r == ' ' || r == '\n'
	}
	if from < len(s) {
		out = append(out, s[from:])
	}
	return out
}
