# The quickstart in Ruby: plan, apply with events, verify, teardown. On a simulated AWS, or with the argument `aws` on the real one.

require 'timeout'
require 'xkslink'
include Xkslink

SPEC = Connectivity.new(
  name: 'payments-hsm',
  region: 'eu-central-1',
  network: Network::CREATE.new(cidr: '10.60.0.0/24'),
  data_center: ['10.0.0.0/16'],
  link: Link::VPN_GATEWAY.new,
  proxy: Proxy.new(addresses: %w[10.0.8.10 10.0.8.11]),
  private_dns_name: 'xks.payments.example.com',
  domain: Domain::ROUTE53.new,
  key_store: KeyStore.new(
    path: '/payments/kms/xks/v1',
    credential: Credential::ENVIRONMENT.new(access_key_id: 'XKS_KEY_ID', raw_secret_access_key: 'XKS_SECRET')
  )
)

def configured
  Xkslink.connect(
    network: Account.new(profile: 'network'),
    kms: Account.new(role_arn: 'arn:aws:iam::444455556666:role/keys')
  )
end

def deploy(client)
  plan = client.plan(SPEC)
  puts plan.text
  run = client.apply(plan)
  Timeout.timeout(3600) do
    run.each { |event| puts event.line }
    puts run.result.text
  ensure
    run.cancel
  end
  puts client.verify(Target::OF_SPEC.new(spec: SPEC)).text
end

if ARGV.include?('aws')
  deploy(configured)
else
  aws = Xkslink.simulate(hosted_zones: ['example.com'])
  client = Xkslink.connect(simulated: aws)
  deploy(client)
  client.teardown(Target::OF_SPEC.new(spec: SPEC), [Consent::DISCONNECT]).result
  raise "something is left: #{aws.census}" unless aws.census['vpcs'].zero?
end
