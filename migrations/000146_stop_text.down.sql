drop function text_stopped;
delete from stops where scope = 'text';
alter table stops drop constraint stops_scope_check, drop constraint stops_check, drop column pattern,
  add constraint stops_scope_check check (scope in ('all', 'tenant', 'gateway', 'country', 'sender')),
  add constraint stops_check check ((scope = 'tenant') = (tenant is not null) and (scope = 'gateway') = (gateway_id is not null)
    and (scope = 'country') = (country is not null) and (scope = 'sender') = (sender is not null));
