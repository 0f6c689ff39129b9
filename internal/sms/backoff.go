package sms

import "time"

// retryAfter is how long a temporary failure waits before the next try; the
// last entry repeats until RetryFor is over.
var retryAfter = []time.Duration{
	30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour,
}

// RetryAfter is the wait after a temporary failure, tries being how many there
// were before it. spread, from 0 to 1, adds up to a quarter so that messages
// which failed together do not come back together (D31).
func RetryAfter(tries int, spread float64) time.Duration {
	d := retryAfter[min(max(tries, 0), len(retryAfter)-1)]
	return d + time.Duration(spread*float64(d)/4)
}
