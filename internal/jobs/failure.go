package jobs

import (
	"context"
	"log/slog"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// failure writes down why a job failed; the queue tries it again with a delay
// that grows, until its attempts are used up.
type failure struct{ log *slog.Logger }

// HandleError logs an error that a job returned.
func (f failure) HandleError(_ context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	level := slog.LevelWarn
	if job.Attempt >= job.MaxAttempts {
		level = slog.LevelError
	}
	f.log.Log(context.Background(), level, "job", "kind", job.Kind, "id", job.ID, "attempt", job.Attempt, "error", err)
	return nil
}

// HandlePanic logs a panic inside a job.
func (f failure) HandlePanic(_ context.Context, job *rivertype.JobRow, v any, trace string) *river.ErrorHandlerResult {
	f.log.Error("job panicked", "kind", job.Kind, "id", job.ID, "attempt", job.Attempt, "panic", v, "trace", trace)
	return nil
}
