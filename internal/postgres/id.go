package postgres

import (
	"fmt"

	"github.com/jackc/pgx/v5/pgtype"

	"tidings/internal/sms"
)

// uuid lets pgx read and write sms.ID in its binary form.
type uuid sms.ID

// ScanUUID implements pgtype.UUIDScanner.
func (u *uuid) ScanUUID(v pgtype.UUID) error {
	if !v.Valid {
		return fmt.Errorf("cannot scan null into sms.ID: use *sms.ID")
	}
	*u = uuid(v.Bytes)
	return nil
}

// UUIDValue implements pgtype.UUIDValuer.
func (u uuid) UUIDValue() (pgtype.UUID, error) { return pgtype.UUID{Bytes: u, Valid: true}, nil }

type uuidEncode struct{ next pgtype.EncodePlan }

func (p *uuidEncode) SetNext(next pgtype.EncodePlan) { p.next = next }

func (p *uuidEncode) Encode(v any, buf []byte) ([]byte, error) {
	return p.next.Encode(uuid(v.(sms.ID)), buf)
}

type uuidScan struct{ next pgtype.ScanPlan }

func (p *uuidScan) SetNext(next pgtype.ScanPlan) { p.next = next }

func (p *uuidScan) Scan(src []byte, dst any) error { return p.next.Scan(src, (*uuid)(dst.(*sms.ID))) }

func registerID(m *pgtype.Map) {
	m.TryWrapEncodePlanFuncs = append([]pgtype.TryWrapEncodePlanFunc{func(v any) (pgtype.WrappedEncodePlanNextSetter, any, bool) {
		if id, ok := v.(sms.ID); ok {
			return &uuidEncode{}, uuid(id), true
		}
		return nil, nil, false
	}}, m.TryWrapEncodePlanFuncs...)
	m.TryWrapScanPlanFuncs = append([]pgtype.TryWrapScanPlanFunc{func(dst any) (pgtype.WrappedScanPlanNextSetter, any, bool) {
		if id, ok := dst.(*sms.ID); ok {
			return &uuidScan{}, (*uuid)(id), true
		}
		return nil, nil, false
	}}, m.TryWrapScanPlanFuncs...)
}
