package sms

// Level says how much a finding weighs.
type Level string

// The levels. Passed is shown to the marketer only; hints never decide (D12).
const (
	LevelPassed   Level = ""
	LevelHint     Level = "hint"
	LevelWarning  Level = "warning"
	LevelBlocking Level = "blocking"
)

// Finding is what one check has to say, in plain words.
type Finding struct {
	Code     string // of the check: "opt_out", "sender"
	Level    Level
	Title    string // one sentence
	Evidence string // the word, the number of people; may be empty
	Mend     string // where it is mended, below the campaign's address: "compose#text"; or "credits", "contacts"; may be empty
}

// Blocks reports whether any of the findings forbids the sending.
func Blocks(list []Finding) bool {
	for _, f := range list {
		if f.Level == LevelBlocking {
			return true
		}
	}
	return false
}
