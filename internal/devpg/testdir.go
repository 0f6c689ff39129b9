package devpg

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// roomForTests is what a test server may need, in bytes.
const roomForTests = 1 << 30

// TestDir is a folder for the test server of what is in path: in memory where
// there is room, else below the temporary folder. It is the same every time, so
// that a second run finds a prepared server.
func TestDir(path string) string {
	name := fmt.Sprintf("tidings-test-%x", sha256.Sum256([]byte(path)))[:len("tidings-test-")+12]
	if st, err := os.Stat("/dev/shm"); err == nil && st.IsDir() && freeBytes("/dev/shm") > roomForTests {
		return filepath.Join("/dev/shm", name)
	}
	return filepath.Join(os.TempDir(), name)
}
