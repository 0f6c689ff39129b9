package devpg

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// StartTest starts a server for the tests of the module in root that nobody else
// uses: each of the test programs that run at the same time takes a folder of
// its own, so that none loses its server when another ends. Folders are kept:
// the next start in one takes a tenth of a second.
func StartTest(ctx context.Context, root string, log *slog.Logger) (*Server, error) {
	const slots = 64
	dir := testDir(root)
	for slot := range slots {
		s, err := Start(ctx, Options{Dir: filepath.Join(dir, strconv.Itoa(slot)), Test: true, Log: log, alone: true})
		if !errors.Is(err, errLocked) {
			return s, err
		}
	}
	return nil, fmt.Errorf("%d databases of tests are running below %s already", slots, dir)
}

// testDir is in memory where more than 1 GB of it is free, else .data/pgtest of
// the module.
func testDir(root string) string {
	const memory, enough = "/dev/shm", 1 << 30
	if freeBytes(memory) > enough {
		name := sha256.Sum256(fmt.Appendf(nil, "%d %s", os.Geteuid(), root))
		return filepath.Join(memory, fmt.Sprintf("tidings-test-%x", name[:6]))
	}
	return filepath.Join(root, ".data", "pgtest")
}

// IsOurs reports whether dsn is the address of a server of this package on this
// computer.
func IsOurs(dsn string) bool { return strings.HasPrefix(dsn, "host="+sockets) }
