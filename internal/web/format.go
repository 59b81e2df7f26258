package web

import (
	"fmt"
	"time"
)

// hours renders working time. It uses no days, because a working day has no 24 hours.
func hours(d time.Duration) string {
	switch {
	case d == 0:
		return "–"
	case d < time.Minute:
		return "< 1 min"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	default:
		return fmt.Sprintf("%.1f h", d.Hours())
	}
}

// wall renders wall time.
func wall(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	}
	return hours(d)
}
