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
	before := Spent(b)
	f()
	Each(b, Spent(b)-before)
}

// Each reports what all rounds of a benchmark have spent, as cpu-ms/op.
func Each(b *testing.B, spent time.Duration) {
	b.Helper()
	b.ReportMetric(float64(spent.Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// Spent returns the processor time that this process has spent.
func Spent(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
