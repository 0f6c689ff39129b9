package devpg

import (
	"errors"
	"os"
	"syscall"
)

// errLocked says that somebody else holds the lock.
var errLocked = errors.New("somebody else holds the lock")

// lock takes the lock of a file, or gives errLocked at once. It is given back by
// release, or when this process ends, however it ends; children do not inherit it.
func lock(path string) (release func(), err error) {
	return flock(path, syscall.LOCK_EX|syscall.LOCK_NB)
}

// waitLock takes the lock of a file as soon as it is free.
func waitLock(path string) (release func(), err error) { return flock(path, syscall.LOCK_EX) }

func flock(path string, how int) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return func() { _ = f.Close() }, nil
}
