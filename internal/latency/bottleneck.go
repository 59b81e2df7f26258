package latency

// Bottleneck says whether an owner is the bottleneck of a project's teams, from a share of
// the cycle time on.
type Bottleneck struct {
	From  float64 // the least share of waiting for the owner, by its lower bound
	Words string  // is the owner the bottleneck?
}

// Bottlenecks returns what is said, in order of the share. Pages and dashboards say the same.
func Bottlenecks() []Bottleneck {
	return []Bottleneck{{0, "no"}, {0.05, "a little"}, {0.1, "in part"}, {0.2, "yes"}}
}

// BottleneckOf returns what is said of a share.
func BottleneckOf(share float64) Bottleneck {
	all := Bottlenecks()
	said := all[0]
	for _, v := range all {
		if share >= v.From {
			said = v
		}
	}
	return said
}
