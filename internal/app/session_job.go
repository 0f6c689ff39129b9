package app

import (
	"time"

	"tidings/internal/sms"
)

// StartSessionJob starts a session at its time, or tries again what waits for
// credits.
type StartSessionJob struct {
	Tenant  sms.TenantID
	Session sms.SessionID
}

// Kind names the job.
func (StartSessionJob) Kind() string { return "start_session" }

// NotYet says that a job came before its time: it is to come again.
type NotYet struct{ In time.Duration }

// Error says so.
func (n NotYet) Error() string { return "not before " + n.In.String() + " have passed" }
