package figures

import (
	"syscall"
	"testing"
	"time"
)

// Work reports the processor time of each round of a benchmark that f runs, as cpu-ms/op:
// other work on the machine changes it less than the time on the wall.
func Work(b *testing.B, f func()) {
	b.Helper()
	work := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := work()
	f()
	b.ReportMetric(float64((work()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}
