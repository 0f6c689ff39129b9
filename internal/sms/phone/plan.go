package phone

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"strconv"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// The phone number data is a few thousand regular expressions. Asking them about one number
// costs some 50 µs, a million numbers most of a minute, so the expressions of a calling code
// are turned into one table that is read a digit at a time. The table is computed from the same
// data; tests compare it with the library's own answers.

// plan is the numbering plan of one calling code: all the regions that share it.
type plan struct {
	regions []region
	nodes   []node
	answers []answer
}

// region is what is needed to read a number as dialled inside one region.
type region struct {
	code    string
	calling []byte
	lengths uint32 // bit n: a number may have n digits
	longest int    // the most digits
	trunk   prefix // dialled before a national number, like 0
	abroad  prefix // dialled before an international one, like 00
}

// node is a state after some digits: where each next digit leads, and what it means to end here.
type node struct {
	next   [10]int32
	answer int32
}

// answer is what the plan says of a whole number. Region is -1 where no region claims it, and
// general has a bit for each region whose general pattern it matches.
type answer struct {
	region  int8
	kind    phonenumbers.PhoneNumberType
	general uint32
}

const (
	longestNational = 17   // digits, the library's limit
	mostNodes       = 1e5  // a plan beyond this is left to the library
	callingCodes    = 1000 // calling codes have one to three digits
)

// plans holds the plan of each calling code, made when first asked for.
var plans [callingCodes]struct {
	sync.Once
	*plan
}

// planOf gives the plan of a calling code, or nil where there is none or the library must answer.
func planOf(calling int) *plan {
	p := &plans[calling]
	p.Do(func() { p.plan = makePlan(calling) })
	return p.plan
}

// ask reads a national number. It does not allocate.
func (p *plan) ask(national []byte) answer {
	at := int32(0)
	for _, d := range national {
		if at = p.nodes[at].next[d-'0']; at < 0 {
			return nobody
		}
	}
	return p.answers[p.nodes[at].answer]
}

var nobody = answer{region: -1, kind: phonenumbers.UNKNOWN}

// metadata gives the library's data by region.
var metadata = sync.OnceValue(func() map[string]*phonenumbers.PhoneMetadata {
	byRegion := map[string]*phonenumbers.PhoneMetadata{}
	// The data is part of the binary: it can be read, or the library would not have started.
	all, _ := phonenumbers.MetadataCollection()
	for _, m := range all.GetMetadata() {
		byRegion[m.GetId()] = m
	}
	return byRegion
})

func makePlan(calling int) *plan {
	b := builder{ids: map[string]int32{}, answerIDs: map[answer]int32{}, plan: &plan{}}
	for _, code := range phonenumbers.GetRegionCodesForCountryCode(calling) {
		m := metadata()[code]
		if m == nil || code == worldwide || !b.add(m) {
			return nil
		}
	}
	if len(b.plan.regions) == 0 || len(b.plan.regions) > 32 || !b.build() {
		return nil
	}
	return b.plan
}

// worldwide is the library's region of satellite and other numbers that belong to no country.
const worldwide = "001"

// kinds is the order in which the library asks: the first that matches decides.
var kinds = []struct {
	kind phonenumbers.PhoneNumberType
	desc func(*phonenumbers.PhoneMetadata) *phonenumbers.PhoneNumberDesc
}{
	{phonenumbers.PREMIUM_RATE, (*phonenumbers.PhoneMetadata).GetPremiumRate},
	{phonenumbers.TOLL_FREE, (*phonenumbers.PhoneMetadata).GetTollFree},
	{phonenumbers.SHARED_COST, (*phonenumbers.PhoneMetadata).GetSharedCost},
	{phonenumbers.VOIP, (*phonenumbers.PhoneMetadata).GetVoip},
	{phonenumbers.PERSONAL_NUMBER, (*phonenumbers.PhoneMetadata).GetPersonalNumber},
	{phonenumbers.PAGER, (*phonenumbers.PhoneMetadata).GetPager},
	{phonenumbers.UAN, (*phonenumbers.PhoneMetadata).GetUan},
	{phonenumbers.VOICEMAIL, (*phonenumbers.PhoneMetadata).GetVoicemail},
	{phonenumbers.FIXED_LINE, (*phonenumbers.PhoneMetadata).GetFixedLine},
	{phonenumbers.MOBILE, (*phonenumbers.PhoneMetadata).GetMobile},
}

// builder runs all patterns of a plan side by side and gives each set of places they can be in
// a number: the subset construction, unrolled by length since numbers are short.
type builder struct {
	plan      *plan
	patterns  []pattern
	insts     []inst
	ids       map[string]int32
	answerIDs map[answer]int32
	sets      [][]uint32
	depths    []int
}

// pattern is one expression: whose it is, what it says, and which lengths it allows.
type pattern struct {
	region  int
	kind    phonenumbers.PhoneNumberType // general and leading below for the other two
	lengths uint32
	same    bool // mobile numbers look like landlines
}

const (
	general phonenumbers.PhoneNumberType = -1 // the region's pattern for any number
	leading phonenumbers.PhoneNumberType = -2 // digits that give the region away
)

type inst struct {
	syntax.Inst
	base    uint32 // of its program
	pattern int
}

func (b *builder) add(m *phonenumbers.PhoneMetadata) bool {
	desc := m.GetGeneralDesc()
	r := region{
		code:    m.GetId(),
		calling: strconv.AppendInt(nil, int64(m.GetCountryCode()), 10),
		lengths: lengthBits(desc.GetPossibleLength()),
		trunk:   makePrefix(m.GetNationalPrefixForParsing(), m.GetNationalPrefixTransformRule()),
		abroad:  makePrefix(m.GetInternationalPrefix(), ""),
	}
	r.longest = int(slices.Max(append([]int32{0}, desc.GetPossibleLength()...)))
	i := len(b.plan.regions)
	b.plan.regions = append(b.plan.regions, r)
	// A pattern is asked for its length too, except the general one: see read.
	ok := b.compile(desc.GetNationalNumberPattern(), pattern{region: i, kind: general, lengths: ^uint32(0)})
	for _, k := range kinds {
		d := k.desc(m)
		ok = ok && b.compile(d.GetNationalNumberPattern(), pattern{
			region: i, kind: k.kind, lengths: lengthBits(d.GetPossibleLength()), same: m.GetSameMobileAndFixedLinePattern(),
		})
	}
	if digits := m.GetLeadingDigits(); digits != "" {
		ok = ok && b.compile("(?:"+digits+`)\d*`, pattern{region: i, kind: leading, lengths: ^uint32(0)})
	}
	return ok
}

// lengthBits has bit n for each length n. The library takes an empty list as any length, and a
// list of -1 as none.
func lengthBits(lengths []int32) uint32 {
	if len(lengths) == 0 {
		return ^uint32(0)
	}
	bits := uint32(0)
	for _, n := range lengths {
		if n > 0 {
			bits |= 1 << n
		}
	}
	return bits
}

func (b *builder) compile(expr string, p pattern) bool {
	if expr == "" {
		return true
	}
	parsed, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return false
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return false
	}
	base := uint32(len(b.insts))
	for _, in := range prog.Inst {
		if in.Op == syntax.InstEmptyWidth {
			return false // none of today's patterns; the library would answer
		}
		b.insts = append(b.insts, inst{in, base, len(b.patterns)})
	}
	b.patterns = append(b.patterns, p)
	b.sets = append(b.sets, []uint32{base + uint32(prog.Start)})
	return true
}

func (b *builder) build() bool {
	start := slices.Concat(b.sets...)
	b.sets = nil
	b.node(b.close(start), 0)
	for i := 0; i < len(b.plan.nodes); i++ {
		if len(b.plan.nodes) > mostNodes {
			return false
		}
		for d := range b.plan.nodes[i].next {
			b.plan.nodes[i].next[d] = b.step(i, rune('0'+d))
		}
	}
	return true
}

func (b *builder) step(i int, digit rune) int32 {
	if b.depths[i] == longestNational {
		return -1
	}
	var next []uint32
	for _, pc := range b.sets[i] {
		in := &b.insts[pc]
		if in.Op != syntax.InstMatch && in.MatchRune(digit) {
			next = append(next, in.base+in.Out)
		}
	}
	if next = b.close(next); len(next) == 0 {
		return -1
	}
	return b.node(next, b.depths[i]+1)
}

// close follows the instructions that read nothing and keeps those that read a digit or end.
func (b *builder) close(from []uint32) []uint32 {
	seen, kept := map[uint32]bool{}, []uint32(nil)
	for len(from) > 0 {
		pc := from[len(from)-1]
		from = from[:len(from)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		in := &b.insts[pc]
		switch in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			from = append(from, in.base+in.Out, in.base+in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			from = append(from, in.base+in.Out)
		case syntax.InstFail:
		default:
			kept = append(kept, pc)
		}
	}
	slices.Sort(kept)
	return kept
}

func (b *builder) node(set []uint32, depth int) int32 {
	key := make([]byte, 0, 4*len(set)+1)
	for _, pc := range set {
		key = binary.LittleEndian.AppendUint32(key, pc)
	}
	key = append(key, byte(depth))
	id, ok := b.ids[string(key)]
	if !ok {
		id = int32(len(b.plan.nodes))
		b.ids[string(key)] = id
		b.sets, b.depths = append(b.sets, set), append(b.depths, depth)
		b.plan.nodes = append(b.plan.nodes, node{answer: b.answer(b.read(set, depth))})
	}
	return id
}

func (b *builder) answer(a answer) int32 {
	id, ok := b.answerIDs[a]
	if !ok {
		id = int32(len(b.plan.answers))
		b.answerIDs[a] = id
		b.plan.answers = append(b.plan.answers, a)
	}
	return id
}

// read says what it means that a number of so many digits ends here, in the library's order of
// questions: the first region that claims it, then the first kind that matches.
func (b *builder) read(set []uint32, depth int) answer {
	type match struct {
		general, leading, same bool
		kinds                  map[phonenumbers.PhoneNumberType]bool
	}
	matches := make([]match, len(b.plan.regions))
	a := nobody
	for _, pc := range set {
		in := &b.insts[pc]
		p := b.patterns[in.pattern]
		m := &matches[p.region]
		switch {
		case in.Op != syntax.InstMatch:
		case p.kind == general:
			a.general |= 1 << p.region
			m.general = b.plan.regions[p.region].lengths&(1<<depth) != 0
		case p.kind == leading:
			m.leading = true
		case p.lengths&(1<<depth) != 0:
			if m.kinds == nil {
				m.kinds = map[phonenumbers.PhoneNumberType]bool{}
			}
			m.kinds[p.kind], m.same = true, p.same
		}
	}
	kind := func(m match) phonenumbers.PhoneNumberType {
		if !m.general {
			return phonenumbers.UNKNOWN
		}
		for _, k := range kinds {
			switch {
			case !m.kinds[k.kind]:
			case k.kind == phonenumbers.FIXED_LINE && (m.same || m.kinds[phonenumbers.MOBILE]):
				return phonenumbers.FIXED_LINE_OR_MOBILE
			case k.kind == phonenumbers.MOBILE && m.same:
				return phonenumbers.UNKNOWN
			default:
				return k.kind
			}
		}
		return phonenumbers.UNKNOWN
	}
	for i, m := range matches {
		claims := len(matches) == 1 || kind(m) != phonenumbers.UNKNOWN
		if metadata()[b.plan.regions[i].code].GetLeadingDigits() != "" && len(matches) > 1 {
			claims = m.leading
		}
		if claims {
			a.region, a.kind = int8(i), kind(m)
			return a
		}
	}
	return a
}
