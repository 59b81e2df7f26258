package jiradata

// Reading is the version of how answers of Jira are read into events. Raise it
// when the same answer gives another event than before: when a comment gives
// another fact, or a record a change of one more field. Then
//
//   - the collector reads its whole scope once more, as in a first sync;
//   - the store brings the events up to date that an older version had read
//     (see store.merge), and their stories count as changed;
//   - the ledger enters what that brings up from before as not counted, as after
//     a change of the config: no counter moves.
//
// The versions so far:
//
//	1  the facts of comments, and records of the fields that rules read
//	2  the ProjectImport of a record: the story came from another Jira
//	3  the reporter, with the records of it, and the creator
const Reading = 3
