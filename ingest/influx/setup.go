package influx

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/domain"
)

// Setup makes what the service needs and is not there: the organisation's
// bucket, or in 1.8 the database and its retention policy, with keep as its
// retention (0 is for ever). What is there is left as it is, but for a retention
// that differs. It tells each step to did, and may be run again. The token must
// be one that may do this: 2.x calls it operator or all-access, 1.8 admin.
func (s *Series) Setup(ctx context.Context, keep time.Duration, did func(string)) error {
	var err error
	if s.one() {
		err = s.setup1(ctx, keep, did)
	} else {
		err = s.setup2(ctx, keep, did)
	}
	if err != nil {
		return fmt.Errorf("set up InfluxDB: %w", err)
	}
	return nil
}

func (s *Series) setup2(ctx context.Context, keep time.Duration, did func(string)) error {
	org, err := s.client.OrganizationsAPI().FindOrganizationByName(ctx, s.org)
	if err != nil {
		return fmt.Errorf("organisation %s: %w", s.org, classified(err))
	}
	buckets, err := s.bucketsNamed(ctx, *org.Id)
	if err != nil {
		return fmt.Errorf("bucket %s: %w", s.bucket, err)
	}
	kind := domain.RetentionRuleTypeExpire
	rules := []domain.RetentionRule{}
	if keep > 0 {
		rules = append(rules, domain.RetentionRule{EverySeconds: int64(keep.Seconds()), Type: &kind})
	}
	if len(buckets) == 0 {
		if _, err := s.client.BucketsAPI().CreateBucketWithName(ctx, org, s.bucket, rules...); err != nil {
			return fmt.Errorf("create bucket %s: %w", s.bucket, classified(err))
		}
		did(fmt.Sprintf("bucket %s: created, keeps %s", s.bucket, length(keep)))
		return nil
	}
	bucket := buckets[0]
	var has time.Duration
	if len(bucket.RetentionRules) > 0 {
		has = time.Duration(bucket.RetentionRules[0].EverySeconds) * time.Second
	}
	if has == keep {
		did(fmt.Sprintf("bucket %s: is there, keeps %s", s.bucket, length(keep)))
		return nil
	}
	if keep == 0 { // no rule at all would leave the old one
		rules = append(rules, domain.RetentionRule{Type: &kind})
	}
	bucket.RetentionRules = rules
	if _, err := s.client.BucketsAPI().UpdateBucket(ctx, &bucket); err != nil {
		return fmt.Errorf("change bucket %s: %w", s.bucket, classified(err))
	}
	did(fmt.Sprintf("bucket %s: keeps %s, was %s", s.bucket, length(keep), length(has)))
	return nil
}

// bucketsNamed finds the bucket, or none.
func (s *Series) bucketsNamed(ctx context.Context, org string) ([]domain.Bucket, error) {
	found, err := s.client.APIClient().GetBuckets(ctx, &domain.GetBucketsParams{Name: &s.bucket, OrgID: &org})
	if err != nil {
		if strings.Contains(err.Error(), "not found") {
			return nil, nil
		}
		return nil, classified(err)
	}
	if found.Buckets == nil {
		return nil, nil
	}
	return *found.Buckets, nil
}

func (s *Series) setup1(ctx context.Context, keep time.Duration, did func(string)) error {
	name, policy := s.database()
	if policy == "" {
		return errors.New("series.bucket: must be database/retention_policy for InfluxDB 1.8")
	}
	databases, err := s.influxQL(ctx, "SHOW DATABASES")
	if err != nil {
		return err
	}
	if !slices.Contains(column(databases, "name"), any(name)) {
		if _, err := s.influxQL(ctx, "CREATE DATABASE "+identifier(name)); err != nil {
			return fmt.Errorf("create database %s: %w", name, err)
		}
		did(fmt.Sprintf("database %s: created", name))
	}
	policies, err := s.influxQL(ctx, "SHOW RETENTION POLICIES ON "+identifier(name))
	if err != nil {
		return err
	}
	on := identifier(policy) + " ON " + identifier(name) + " DURATION " + influxDuration(keep)
	at := slices.Index(column(policies, "name"), any(policy))
	if at < 0 {
		if _, err := s.influxQL(ctx, "CREATE RETENTION POLICY "+on+" REPLICATION 1 DEFAULT"); err != nil {
			return fmt.Errorf("create retention policy %s: %w", policy, err)
		}
		did(fmt.Sprintf("retention policy %s: created, keeps %s", s.bucket, length(keep)))
		return nil
	}
	text, _ := column(policies, "duration")[at].(string)
	has, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("duration of retention policy %s: %w", policy, err)
	}
	if has == keep {
		did(fmt.Sprintf("retention policy %s: is there, keeps %s", s.bucket, length(keep)))
		return nil
	}
	if _, err := s.influxQL(ctx, "ALTER RETENTION POLICY "+on); err != nil {
		return fmt.Errorf("change retention policy %s: %w", policy, err)
	}
	did(fmt.Sprintf("retention policy %s: keeps %s, was %s", s.bucket, length(keep), length(has)))
	return nil
}

// column of the first series of a result.
func column(r result, name string) []any {
	if len(r.Series) == 0 {
		return nil
	}
	at := slices.Index(r.Series[0].Columns, name)
	if at < 0 {
		return nil
	}
	values := make([]any, 0, len(r.Series[0].Values))
	for _, row := range r.Series[0].Values {
		values = append(values, row[at])
	}
	return values
}

func influxDuration(d time.Duration) string {
	if d == 0 {
		return "INF"
	}
	return fmt.Sprintf("%ds", int64(d.Seconds()))
}

func length(d time.Duration) string {
	switch {
	case d == 0:
		return "for ever"
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%d days", int(d.Hours())/24)
	}
	return d.String()
}

// classified is classify for answers that no dataError can be.
func classified(err error) error {
	if err := classify(err); err != nil {
		return err
	}
	return errors.New("no answer")
}
