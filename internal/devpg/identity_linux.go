package devpg

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// dieWithUs has Postgres told to stop (fast shutdown) when the thread that
// started it ends, even by SIGKILL.
func dieWithUs(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGINT }

// namespace makes the process see itself as nobody, while its files stay ours:
// Postgres refuses root, and initdb a user without a name.
func namespace(a *syscall.SysProcAttr) {
	a.Cloneflags = syscall.CLONE_NEWUSER
	a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 65534, HostID: os.Geteuid(), Size: 1}}
	a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 65534, HostID: os.Getegid(), Size: 1}}
}

// isPostmaster reports whether pid is a Postgres that serves data.
func isPostmaster(pid int, data string) (alive, sure bool) {
	cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	if os.IsNotExist(err) {
		return false, true
	}
	exe, err2 := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil || err2 != nil {
		return true, false
	}
	return cwd == data && strings.TrimSuffix(filepath.Base(exe), " (deleted)") == "postgres", true
}

// freeBytes is what an unprivileged user may still write below path.
func freeBytes(path string) uint64 {
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil {
		return 0
	}
	return st.Bavail * uint64(st.Bsize)
}
