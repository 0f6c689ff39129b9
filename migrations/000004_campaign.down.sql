drop table reviews, checks, session_progress, session_events, sessions, gateways, test_numbers, campaign_lists, campaigns, senders;
