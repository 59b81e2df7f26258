// Package survival estimates how long something lasts from what has lasted so
// far: the Kaplan-Meier product-limit estimator for observations that have not
// ended yet (right censoring) and for those that were not watched from their
// beginning (delayed entry, also called left truncation).
//
// It is pure and knows nothing of waits: ages are of whatever clock its
// caller measures them by.
//
// # The estimator
//
// At each age t at which something ended by an event, d of the n that were at
// risk did, and S is multiplied by (n-d)/n (Kaplan and Meier, "Nonparametric
// estimation from incomplete observations", JASA 53, 1958). At risk at t are
// those that were watched before t and had not ended before t, so at one age
// events count before censorings; those that entered at t itself do not count
// (Klein and Moeschberger, "Survival Analysis", 2nd edition, sections 4.2 and
// 4.6).
//
// # Comparing two arms
//
// Below about 50 samples in an arm the usual tests of restricted means reject a true
// null too often, so p comes from permuting the log-rank statistic (Horiguchi and Uno,
// Statistics in Medicine 2020), and intervals from the bootstrap.
//
// # What to know of delayed entry
//
// While almost everybody is yet to enter, the number at risk is small whatever
// the number of samples. If at some young age the only one at risk has an
// event, S is 0 from there on, although many lived longer: the men of Channing
// House are the known example (sections 4.6 and 1.16 there). The estimator
// stays with its definition and makes no exception: a number that hides this
// would need an assumption that nobody has stated. Whoever shows a quantile
// shows the sizes of its samples beside it.
package survival
