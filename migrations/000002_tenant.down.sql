drop table form_tokens, audit, audit_heads, throttles, logins, members, users, tenants, prices, price_lists;
drop function refuse_change;
