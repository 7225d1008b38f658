package eventlog

import (
	"fmt"
	"os"
	"syscall"
)

// syncData makes what was written to a file durable, and its length when that has
// changed, but no time of change: writing over an earlier turn, it does not wait for
// the file system's journal.
func syncData(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return fmt.Errorf("sync %s: %w", f.Name(), err)
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		for failed = syscall.EINTR; failed == syscall.EINTR; {
			failed = syscall.Fdatasync(int(fd))
		}
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("sync %s: %w", f.Name(), err)
	}
	return nil
}
