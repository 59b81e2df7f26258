package survival

import (
	"encoding/binary"
	"math"
	"testing"
	"time"
)

// FuzzCurve reads samples from bytes, 3 each, or 17 where they are wide, and
// compares the curve with exact arithmetic.
func FuzzCurve(f *testing.F) {
	f.Add([]byte{}, false, 0.5)
	f.Add([]byte{0, 1, 2, 3, 3, 9, 1, 0, 2, 2, 3, 3}, false, 0.75)
	f.Add(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64([]byte{3}, math.MaxInt64), 1<<63), true, math.NaN())
	f.Fuzz(func(t *testing.T, data []byte, wide bool, q float64) {
		size := 3
		if wide {
			size = 17
		}
		var samples []Sample
		for ; len(data) >= size && len(samples) < 64; data = data[size:] {
			s := Sample{Began: data[0]&1 != 0, Event: data[0]&2 != 0}
			if wide {
				s.Entry, s.Age = time.Duration(binary.LittleEndian.Uint64(data[1:])), time.Duration(binary.LittleEndian.Uint64(data[9:]))
			} else {
				s.Entry, s.Age = time.Duration(int8(data[1])), time.Duration(int8(data[2]))
			}
			samples = append(samples, s)
		}
		c := New(samples)
		if d := differs(c, exact(samples)); d != "" {
			t.Fatalf("%s: %v of %v", d, c.steps, samples)
		}
		if q <= 0 {
			return // at most 1 is what S is everywhere
		}
		age, ok := c.Quantile(q)
		if !ok {
			age = math.MaxInt64 // S does not fall as far at any age
		}
		if reached := c.Survival(age) <= 1-q+tolerance; reached != ok {
			t.Fatalf("quantile %v is %d %t: S is %v", q, age, ok, c.Survival(age))
		}
		if ok && age != c.steps[0].age && c.Before(age) <= 1-q+tolerance {
			t.Fatalf("quantile %v is %d: S was as low before", q, age)
		}
	})
}
