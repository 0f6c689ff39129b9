package jobs

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"tidings/internal/app"
)

// D15: a session that is woken before its instant keeps no worker: it comes again.
func TestEarlyJobsArePutOff(t *testing.T) {
	var snooze *river.JobSnoozeError
	if err := putOff(app.NotYet{In: 3 * time.Second}); !errors.As(err, &snooze) || snooze.Duration != 3*time.Second {
		t.Errorf("a job that came early: %v", err)
	}
	failed := errors.New("failed")
	if err := putOff(failed); !errors.Is(err, failed) || putOff(nil) != nil {
		t.Errorf("a job that failed: %v", err)
	}
}

// Whatever can be enqueued is worked: every kind of job has its line in the table.
func TestEveryKindHasAWorker(t *testing.T) {
	table, err := os.ReadFile("jobs.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../app/*.go")
	if err != nil {
		t.Fatal(err)
	}
	kind := regexp.MustCompile(`func \((?:\w+ )?(\w+)Job\) Kind\(\) string +\{ return "(\w+)" \}`)
	kinds := map[string]string{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range kind.FindAllStringSubmatch(string(source), -1) {
			if other, twice := kinds[m[2]]; twice {
				t.Errorf("%sJob and %sJob are both called %q", m[1], other, m[2])
			}
			kinds[m[2]] = m[1]
			if !strings.Contains(string(table), "handle(w, a.Run"+m[1]+")") {
				t.Errorf("nobody works %sJob", m[1])
			}
		}
	}
	if n := strings.Count(string(table), "handle(w, "); len(kinds) != n {
		t.Errorf("%d kinds of job were found, and %d have a worker", len(kinds), n)
	}
}
