package app

import "tidings/internal/sms"

// StartSessionJob starts a session at its time, or tries again what waits for
// credits.
type StartSessionJob struct {
	Tenant  sms.TenantID
	Session sms.SessionID
}

// Kind names the job.
func (StartSessionJob) Kind() string { return "start_session" }
