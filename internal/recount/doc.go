// Package recount holds no code of the product: it is its judge.
//
// Its tests compute every wait once more, from the raw lines of a Jira export
// (an issue a line, as GET /rest/api/2/issue/KEY?expand=changelog answers it)
// with a plain function per rule, and compare each part of each wait with what
// the product's own commands print after they have read the same issues over
// HTTP. They import the standard library alone: not a type, not a parser is
// shared, so that a mistake would have to be made twice to go unseen. What they
// lose in speed by it, they are meant to gain in being checkable by eye.
//
// The environment variable YOURTURN_EXPORT names the export, a .jsonl or
// .jsonl.gz file. Without it the comparison is skipped. The rules themselves are
// tested on the hand-made stories in testdata.
package recount
