// Package recount holds no code of the product: it is its judge.
//
// Its tests compute every wait once more, from the raw lines of a Jira export
// (an issue a line, as GET /rest/api/2/issue/KEY?expand=changelog answers it)
// with a plain function for each rule, and compare each part of each wait with
// what the product's own commands print after they have read the same issues
// over HTTP. They import the standard library alone: they share no type and no
// parser with the product, so that a mistake must be made twice to go unseen.
// They are slow so that they can be checked by eye.
//
// The rules are tested on the hand-made stories in testdata, and on a short story
// for each amendment. The agreement with the product is tested on invented
// histories in which everything happens that the rules speak of and, where the
// environment variable YOURTURN_EXPORT names an export (a .jsonl or .jsonl.gz
// file), on real ones; under as many random configs as YOURTURN_RECOUNT_SETUPS
// says.
package recount
