package devpg

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
)

// identity is whom Postgres runs as. The zero value is: as ourselves.
type identity struct {
	uid, gid  uint32
	other     bool // as uid and gid, which are not ours: for root
	namespace bool // as nobody, in a user namespace that maps nobody to us
}

func (i identity) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true} // ^C of the terminal is for us; we stop Postgres when we are done
	switch {
	case i.namespace:
		namespace(a)
	case i.other:
		a.Credential = &syscall.Credential{Uid: i.uid, Gid: i.gid}
	}
	return a
}

// owner is the user that the database's files belong to, as seen from outside.
func (i identity) owner() (uid, gid uint32) {
	if i.other {
		return i.uid, i.gid
	}
	return uint32(os.Geteuid()), uint32(os.Getegid())
}

// unprivileged are the users that root runs Postgres as, the best first.
func unprivileged() []identity {
	var out []identity
	for _, name := range []string{"postgres", "nobody", "daemon"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil && uid != 0 {
			out = append(out, identity{uid: uint32(uid), gid: uint32(gid), other: true})
		}
	}
	return out
}

// identify chooses whom to run as, given the folders that Postgres must enter.
// ok is false when nobody on this computer can.
func identify(enter ...string) (as identity, ok bool) {
	if os.Geteuid() != 0 {
		if _, err := user.LookupId(strconv.Itoa(os.Geteuid())); err == nil {
			return identity{}, true
		}
		return identity{namespace: true}, runtime.GOOS == "linux" // initdb refuses a user without a name
	}
	for _, as := range unprivileged() {
		if as.reaches(enter...) {
			return as, true
		}
	}
	return identity{namespace: true}, runtime.GOOS == "linux"
}

// reaches reports whether an unprivileged user may enter the folders and all
// folders above them.
func (i identity) reaches(folders ...string) bool {
	for _, path := range folders {
		for ; ; path = filepath.Dir(path) {
			info, err := os.Stat(path)
			if err != nil || !i.enters(info) {
				return false
			}
			if path == filepath.Dir(path) {
				break
			}
		}
	}
	return true
}

func (i identity) enters(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	switch mode := info.Mode(); {
	case !ok:
		return false
	case st.Uid == i.uid:
		return mode&0o100 != 0
	case st.Gid == i.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

// own gives a folder and what is in it to the identity, unless it has it.
func (i identity) own(folder string) error {
	uid, gid := i.owner()
	if has, err := uidOf(folder); err != nil || has == uid || os.Geteuid() != 0 {
		return err
	}
	return filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(uid), int(gid))
	})
}

func uidOf(path string) (uint32, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, fmt.Errorf("%s: this system does not say whose it is", path)
	}
	return st.Uid, nil
}

// private makes a folder that nobody but the identity enters, or takes the one
// of an earlier start. A folder that somebody else made is refused: /tmp is
// everybody's.
func (i identity) private(folder string) error {
	if err := os.Mkdir(folder, 0o700); err != nil && !os.IsExist(err) {
		return err
	}
	info, err := os.Lstat(folder)
	if err != nil {
		return err
	}
	has, err := uidOf(folder)
	if err != nil {
		return err
	}
	ours := has == uint32(os.Geteuid())
	if os.Geteuid() == 0 {
		for _, u := range unprivileged() {
			ours = ours || has == u.uid
		}
	}
	if !info.IsDir() || !ours {
		return fmt.Errorf("%s belongs to somebody else; remove it", folder)
	}
	if err := i.own(folder); err != nil {
		return err
	}
	return os.Chmod(folder, 0o700)
}
