package app

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// monotonic returns the variable by which systemd knows to which of its requests the
// beginning of a reload belongs (Type=notify-reload): the clock that nobody sets.
func monotonic() []string {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return nil
	}
	return []string{fmt.Sprintf("MONOTONIC_USEC=%d", now.Nano()/1000)}
}
