//go:build !linux

package devpg

import (
	"syscall"
)

// dieWithUs has no counterpart here: the next start stops a server that was
// left behind.
func dieWithUs(*syscall.SysProcAttr) {}

func namespace(*syscall.SysProcAttr) {}

// isPostmaster can only tell whether somebody has that process number.
func isPostmaster(pid int, _ string) (alive, sure bool) { return syscall.Kill(pid, 0) == nil, false }

// freeBytes is not asked here: there is no memory file system to fill.
func freeBytes(string) uint64 { return 0 }
