package torture

import "syscall"

// attributes have what is started end with the test, whatever ends that.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
