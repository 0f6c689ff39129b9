package view

import "strconv"

// codeWords says what an error of our own means; those of carriers speak for themselves.
var codeWords = map[string]string{
	"not-bound": "No connection when it was to leave", "stopped": "Taken back: the lanes were stopped", "timeout": "No answer in time: unknown",
	"connection": "The connection broke", "not-after": "Its hours had ended", "encoding": "It cannot be written for this route",
	"smpp:0x58": "The carrier asks to send more slowly", "smpp:0x14": "The carrier's queue is full", "smpp:0x0B": "The carrier says the number is not valid",
	"smpp:0x0A": "The carrier does not allow the sender", "smpp:0x08": "A system error at the carrier", "smpp:0x45": "The carrier could not take it", "smpp:0x64": "The carrier cannot take it now",
}

// PerSecond writes a number of parts in a minute as parts a second.
func PerSecond(perMinute int) string { return perSecond(perMinute) }

func perSecond(perMinute int) string {
	if perMinute == 0 {
		return "0"
	}
	if perMinute < 600 {
		return strconv.FormatFloat(float64(perMinute)/60, 'f', 1, 64)
	}
	return Num(perMinute / 60)
}

func millis(ms float64) string {
	switch {
	case ms == 0:
		return "–"
	case ms < 10:
		return strconv.FormatFloat(ms, 'f', 1, 64) + " ms"
	case ms < 10_000:
		return Num(int(ms)) + " ms"
	}
	return strconv.FormatFloat(ms/1000, 'f', 1, 64) + " s"
}
