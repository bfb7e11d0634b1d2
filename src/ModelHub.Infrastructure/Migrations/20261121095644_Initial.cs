using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ModelHub.Infrastructure.Migrations
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateSequence(
                name: "registry_numbers");

            migrationBuilder.CreateTable(
                name: "artifacts",
                columns: table => new
                {
                    sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    size = table.Column<long>(type: "bigint", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_artifacts", x => x.sha256);
                });

            migrationBuilder.CreateTable(
                name: "serving_nodes",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_serving_nodes", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "users",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    username = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    email = table.Column<string>(type: "character varying(320)", maxLength: 320, nullable: true),
                    is_admin = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_users", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "serving_confirmations",
                columns: table => new
                {
                    node_id = table.Column<Guid>(type: "uuid", nullable: false),
                    deployment_id = table.Column<Guid>(type: "uuid", nullable: false),
                    revision = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_serving_confirmations", x => new { x.node_id, x.deployment_id });
                    table.ForeignKey(
                        name: "FK_serving_confirmations_serving_nodes_node_id",
                        column: x => x.node_id,
                        principalTable: "serving_nodes",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "api_keys",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    hint = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    revoked_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_api_keys", x => x.id);
                    table.ForeignKey(
                        name: "FK_api_keys_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "execution_environments",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false),
                    description = table.Column<string>(type: "character varying(10000)", maxLength: 10000, nullable: false),
                    language = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false),
                    use_cases = table.Column<string>(type: "jsonb", nullable: false),
                    is_public = table.Column<bool>(type: "boolean", nullable: false),
                    owner_id = table.Column<Guid>(type: "uuid", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    deleted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_execution_environments", x => x.id);
                    table.ForeignKey(
                        name: "FK_execution_environments_users_owner_id",
                        column: x => x.owner_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "projects",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<long>(type: "bigint", nullable: false, defaultValueSql: "nextval('registry_numbers')"),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    description = table.Column<string>(type: "character varying(10000)", maxLength: 10000, nullable: true),
                    owner_id = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_projects", x => x.id);
                    table.ForeignKey(
                        name: "FK_projects_users_owner_id",
                        column: x => x.owner_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "remote_repositories",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    location = table.Column<string>(type: "character varying(2000)", maxLength: 2000, nullable: false),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_remote_repositories", x => x.id);
                    table.ForeignKey(
                        name: "FK_remote_repositories_users_created_by",
                        column: x => x.created_by,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "environment_grants",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    environment_id = table.Column<Guid>(type: "uuid", nullable: false),
                    role = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    can_share = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_environment_grants", x => new { x.environment_id, x.user_id });
                    table.ForeignKey(
                        name: "FK_environment_grants_execution_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "execution_environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_environment_grants_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "environment_versions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    environment_id = table.Column<Guid>(type: "uuid", nullable: false),
                    label = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: false),
                    description = table.Column<string>(type: "character varying(10000)", maxLength: 10000, nullable: false),
                    context_name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true),
                    context_sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    context_size = table.Column<long>(type: "bigint", nullable: true),
                    image_name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true),
                    image_sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    image_size = table.Column<long>(type: "bigint", nullable: true),
                    image_uri = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: true),
                    build_status = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    build_log = table.Column<string>(type: "text", nullable: false),
                    build_error = table.Column<string>(type: "text", nullable: false),
                    build_id = table.Column<Guid>(type: "uuid", nullable: true),
                    image_id = table.Column<Guid>(type: "uuid", nullable: false),
                    engine_image = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: true),
                    created_by = table.Column<Guid>(type: "uuid", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    built_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_environment_versions", x => x.id);
                    table.ForeignKey(
                        name: "FK_environment_versions_artifacts_context_sha256",
                        column: x => x.context_sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_environment_versions_artifacts_image_sha256",
                        column: x => x.image_sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_environment_versions_execution_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "execution_environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "batch_predictions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    project_id = table.Column<Guid>(type: "uuid", nullable: false),
                    model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    job_id = table.Column<Guid>(type: "uuid", nullable: false),
                    input_sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    input = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    output = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    result_sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    result_bytes = table.Column<long>(type: "bigint", nullable: true),
                    row_count = table.Column<long>(type: "bigint", nullable: true),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_batch_predictions", x => x.id);
                    table.ForeignKey(
                        name: "FK_batch_predictions_artifacts_input_sha256",
                        column: x => x.input_sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_batch_predictions_artifacts_result_sha256",
                        column: x => x.result_sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_batch_predictions_projects_project_id",
                        column: x => x.project_id,
                        principalTable: "projects",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "custom_models",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<long>(type: "bigint", nullable: false, defaultValueSql: "nextval('registry_numbers')"),
                    project_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false),
                    description = table.Column<string>(type: "character varying(10000)", maxLength: 10000, nullable: false),
                    language = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: false),
                    type = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    target_type = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    target = table.Column<string>(type: "jsonb", nullable: false),
                    runtime = table.Column<string>(type: "jsonb", nullable: false),
                    user_provided_id = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: true),
                    training_data_of_versions = table.Column<bool>(type: "boolean", nullable: false),
                    training_data = table.Column<string>(type: "jsonb", nullable: true),
                    git = table.Column<string>(type: "jsonb", nullable: true),
                    template_id = table.Column<Guid>(type: "uuid", nullable: true),
                    visibility = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    extra = table.Column<string>(type: "jsonb", nullable: false),
                    latest_version_id = table.Column<Guid>(type: "uuid", nullable: true),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_models", x => x.id);
                    table.ForeignKey(
                        name: "FK_custom_models_projects_project_id",
                        column: x => x.project_id,
                        principalTable: "projects",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "datasets",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    project_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    vector_type = table.Column<string>(type: "character varying(10)", maxLength: 10, nullable: true),
                    vector_dim = table.Column<int>(type: "integer", nullable: true),
                    latest_version_id = table.Column<Guid>(type: "uuid", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_datasets", x => x.id);
                    table.ForeignKey(
                        name: "FK_datasets_projects_project_id",
                        column: x => x.project_id,
                        principalTable: "projects",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "deployments",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    project_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    description = table.Column<string>(type: "character varying(10000)", maxLength: 10000, nullable: false),
                    stage = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    status = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    prediction_threshold = table.Column<double>(type: "double precision", nullable: true),
                    settings = table.Column<string>(type: "jsonb", nullable: false),
                    revision = table.Column<long>(type: "bigint", nullable: false),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_deployments", x => x.id);
                    table.ForeignKey(
                        name: "FK_deployments_projects_project_id",
                        column: x => x.project_id,
                        principalTable: "projects",
                        principalColumn: "id");
                });

            migrationBuilder.CreateTable(
                name: "experiments",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    project_id = table.Column<Guid>(type: "uuid", nullable: false),
                    dataset_id = table.Column<Guid>(type: "uuid", nullable: false),
                    dataset_version_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    target = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: false),
                    problem_type = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false),
                    task = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: true),
                    config = table.Column<string>(type: "jsonb", nullable: false),
                    origin = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    job_id = table.Column<Guid>(type: "uuid", nullable: false),
                    status = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    error = table.Column<string>(type: "text", nullable: true),
                    best_model_id = table.Column<Guid>(type: "uuid", nullable: true),
                    dropped_columns = table.Column<string>(type: "jsonb", nullable: true),
                    live = table.Column<string>(type: "jsonb", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    finished_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_experiments", x => x.id);
                    table.ForeignKey(
                        name: "FK_experiments_projects_project_id",
                        column: x => x.project_id,
                        principalTable: "projects",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "jobs",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    kind = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    lane = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    owner_id = table.Column<Guid>(type: "uuid", nullable: false),
                    project_id = table.Column<Guid>(type: "uuid", nullable: true),
                    subject_id = table.Column<Guid>(type: "uuid", nullable: true),
                    payload = table.Column<string>(type: "jsonb", nullable: false),
                    status = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    progress = table.Column<double>(type: "double precision", nullable: false),
                    message = table.Column<string>(type: "text", nullable: true),
                    log = table.Column<string>(type: "text", nullable: false),
                    error_kind = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: true),
                    error_code = table.Column<string>(type: "text", nullable: true),
                    error_message = table.Column<string>(type: "text", nullable: true),
                    attempt = table.Column<int>(type: "integer", nullable: false),
                    max_attempts = table.Column<int>(type: "integer", nullable: false),
                    lease_token = table.Column<Guid>(type: "uuid", nullable: true),
                    lease_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    cancel_requested = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    finished_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_jobs", x => x.id);
                    table.ForeignKey(
                        name: "FK_jobs_projects_project_id",
                        column: x => x.project_id,
                        principalTable: "projects",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                    table.ForeignKey(
                        name: "FK_jobs_users_owner_id",
                        column: x => x.owner_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "project_members",
                columns: table => new
                {
                    project_id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    role = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_project_members", x => new { x.project_id, x.user_id });
                    table.ForeignKey(
                        name: "FK_project_members_projects_project_id",
                        column: x => x.project_id,
                        principalTable: "projects",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_project_members_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "registered_models",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    project_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    description = table.Column<string>(type: "character varying(10000)", maxLength: 10000, nullable: false),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_registered_models", x => x.id);
                    table.ForeignKey(
                        name: "FK_registered_models_projects_project_id",
                        column: x => x.project_id,
                        principalTable: "projects",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "custom_model_grants",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    role = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    can_share = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_model_grants", x => new { x.model_id, x.user_id });
                    table.ForeignKey(
                        name: "FK_custom_model_grants_custom_models_model_id",
                        column: x => x.model_id,
                        principalTable: "custom_models",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_custom_model_grants_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "custom_model_versions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<long>(type: "bigint", nullable: false, defaultValueSql: "nextval('registry_numbers')"),
                    model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    major = table.Column<int>(type: "integer", nullable: false),
                    minor = table.Column<int>(type: "integer", nullable: false),
                    description = table.Column<string>(type: "character varying(10000)", maxLength: 10000, nullable: true),
                    environment_id = table.Column<Guid>(type: "uuid", nullable: true),
                    environment_version_id = table.Column<Guid>(type: "uuid", nullable: true),
                    runtime = table.Column<string>(type: "jsonb", nullable: false),
                    training_data = table.Column<string>(type: "jsonb", nullable: true),
                    holdout_data = table.Column<string>(type: "jsonb", nullable: true),
                    git = table.Column<string>(type: "jsonb", nullable: true),
                    dependencies = table.Column<string>(type: "jsonb", nullable: false),
                    metadata = table.Column<string>(type: "jsonb", nullable: false),
                    frozen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    framework = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: true),
                    conversion = table.Column<string>(type: "jsonb", nullable: true),
                    upload_sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    status = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    error_summary = table.Column<string>(type: "character varying(10000)", maxLength: 10000, nullable: true),
                    extra = table.Column<string>(type: "jsonb", nullable: false),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_model_versions", x => x.id);
                    table.ForeignKey(
                        name: "FK_custom_model_versions_artifacts_upload_sha256",
                        column: x => x.upload_sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_custom_model_versions_custom_models_model_id",
                        column: x => x.model_id,
                        principalTable: "custom_models",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_custom_model_versions_environment_versions_environment_vers~",
                        column: x => x.environment_version_id,
                        principalTable: "environment_versions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                    table.ForeignKey(
                        name: "FK_custom_model_versions_execution_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "execution_environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                });

            migrationBuilder.CreateTable(
                name: "dataset_parts",
                columns: table => new
                {
                    dataset_id = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<int>(type: "integer", nullable: false),
                    artifact_sha256 = table.Column<string>(type: "character varying(64)", nullable: false),
                    row_count = table.Column<long>(type: "bigint", nullable: false),
                    size = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_dataset_parts", x => new { x.dataset_id, x.number });
                    table.ForeignKey(
                        name: "FK_dataset_parts_artifacts_artifact_sha256",
                        column: x => x.artifact_sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_dataset_parts_datasets_dataset_id",
                        column: x => x.dataset_id,
                        principalTable: "datasets",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "dataset_versions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    dataset_id = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<int>(type: "integer", nullable: false),
                    first_part = table.Column<int>(type: "integer", nullable: false),
                    last_part = table.Column<int>(type: "integer", nullable: false),
                    row_count = table.Column<long>(type: "bigint", nullable: false),
                    schema = table.Column<string>(type: "jsonb", nullable: false),
                    content_hash = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_dataset_versions", x => x.id);
                    table.ForeignKey(
                        name: "FK_dataset_versions_datasets_dataset_id",
                        column: x => x.dataset_id,
                        principalTable: "datasets",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "actual_outcomes",
                columns: table => new
                {
                    deployment_id = table.Column<Guid>(type: "uuid", nullable: false),
                    association_id = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    value = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_actual_outcomes", x => new { x.deployment_id, x.association_id });
                    table.ForeignKey(
                        name: "FK_actual_outcomes_deployments_deployment_id",
                        column: x => x.deployment_id,
                        principalTable: "deployments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "deployment_events",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    deployment_id = table.Column<Guid>(type: "uuid", nullable: false),
                    kind = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    from_model_id = table.Column<Guid>(type: "uuid", nullable: true),
                    model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    stage = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    status = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    prediction_threshold = table.Column<double>(type: "double precision", nullable: true),
                    reason = table.Column<string>(type: "character varying(2000)", maxLength: 2000, nullable: true),
                    by = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_deployment_events", x => x.id);
                    table.ForeignKey(
                        name: "FK_deployment_events_deployments_deployment_id",
                        column: x => x.deployment_id,
                        principalTable: "deployments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "deployment_models",
                columns: table => new
                {
                    deployment_id = table.Column<Guid>(type: "uuid", nullable: false),
                    model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    role = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    weight = table.Column<double>(type: "double precision", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_deployment_models", x => new { x.deployment_id, x.model_id });
                    table.ForeignKey(
                        name: "FK_deployment_models_deployments_deployment_id",
                        column: x => x.deployment_id,
                        principalTable: "deployments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "deployment_windows",
                columns: table => new
                {
                    deployment_id = table.Column<Guid>(type: "uuid", nullable: false),
                    model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    starts_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    requests = table.Column<long>(type: "bigint", nullable: false),
                    errors = table.Column<long>(type: "bigint", nullable: false),
                    rows = table.Column<long>(type: "bigint", nullable: false),
                    sampled = table.Column<long>(type: "bigint", nullable: false),
                    dropped = table.Column<long>(type: "bigint", nullable: false),
                    latencies = table.Column<long[]>(type: "bigint[]", nullable: false),
                    features = table.Column<long[]>(type: "bigint[]", nullable: false),
                    predictions = table.Column<long[]>(type: "bigint[]", nullable: false),
                    compared = table.Column<long>(type: "bigint", nullable: false),
                    agreed = table.Column<long>(type: "bigint", nullable: false),
                    difference = table.Column<double>(type: "double precision", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_deployment_windows", x => new { x.deployment_id, x.starts_at, x.model_id });
                    table.ForeignKey(
                        name: "FK_deployment_windows_deployments_deployment_id",
                        column: x => x.deployment_id,
                        principalTable: "deployments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "kept_predictions",
                columns: table => new
                {
                    deployment_id = table.Column<Guid>(type: "uuid", nullable: false),
                    model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    association_id = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    outputs = table.Column<double[]>(type: "double precision[]", nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_kept_predictions", x => new { x.deployment_id, x.association_id, x.model_id });
                    table.ForeignKey(
                        name: "FK_kept_predictions_deployments_deployment_id",
                        column: x => x.deployment_id,
                        principalTable: "deployments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "pipelines",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<long>(type: "bigint", nullable: false, defaultValueSql: "nextval('registry_numbers')"),
                    project_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(63)", maxLength: 63, nullable: false),
                    deployment_id = table.Column<Guid>(type: "uuid", nullable: true),
                    deployment_number = table.Column<long>(type: "bigint", nullable: true),
                    deployed_version_id = table.Column<Guid>(type: "uuid", nullable: true),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_pipelines", x => x.id);
                    table.ForeignKey(
                        name: "FK_pipelines_deployments_deployment_id",
                        column: x => x.deployment_id,
                        principalTable: "deployments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                    table.ForeignKey(
                        name: "FK_pipelines_projects_project_id",
                        column: x => x.project_id,
                        principalTable: "projects",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "studio_sessions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    project_id = table.Column<Guid>(type: "uuid", nullable: false),
                    deployment_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    base_row = table.Column<string>(type: "jsonb", nullable: false),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_studio_sessions", x => x.id);
                    table.ForeignKey(
                        name: "FK_studio_sessions_deployments_deployment_id",
                        column: x => x.deployment_id,
                        principalTable: "deployments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "models",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<long>(type: "bigint", nullable: false, defaultValueSql: "nextval('registry_numbers')"),
                    version_number = table.Column<long>(type: "bigint", nullable: false, defaultValueSql: "nextval('registry_numbers')"),
                    project_id = table.Column<Guid>(type: "uuid", nullable: false),
                    experiment_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    algorithm = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: false),
                    task = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false),
                    is_best = table.Column<bool>(type: "boolean", nullable: false),
                    artifact_sha256 = table.Column<string>(type: "character varying(64)", nullable: true),
                    size_bytes = table.Column<long>(type: "bigint", nullable: false),
                    train_seconds = table.Column<double>(type: "double precision", nullable: false),
                    micros_per_row = table.Column<double>(type: "double precision", nullable: false),
                    failure_reason = table.Column<string>(type: "text", nullable: true),
                    metrics = table.Column<string>(type: "jsonb", nullable: false),
                    fold_scores = table.Column<double[]>(type: "double precision[]", nullable: false),
                    prediction_threshold = table.Column<double>(type: "double precision", nullable: true),
                    parameters = table.Column<string>(type: "jsonb", nullable: false),
                    report = table.Column<string>(type: "jsonb", nullable: false),
                    lineage = table.Column<string>(type: "jsonb", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    metric_accuracy = table.Column<double>(type: "double precision", nullable: true, computedColumnSql: "(metrics ->> 'accuracy')::double precision", stored: true),
                    metric_auc = table.Column<double>(type: "double precision", nullable: true, computedColumnSql: "(metrics ->> 'auc')::double precision", stored: true),
                    metric_logloss = table.Column<double>(type: "double precision", nullable: true, computedColumnSql: "(metrics ->> 'logloss')::double precision", stored: true),
                    metric_macro_f1 = table.Column<double>(type: "double precision", nullable: true, computedColumnSql: "(metrics ->> 'macro_f1')::double precision", stored: true),
                    metric_macro_precision = table.Column<double>(type: "double precision", nullable: true, computedColumnSql: "(metrics ->> 'macro_precision')::double precision", stored: true),
                    metric_macro_recall = table.Column<double>(type: "double precision", nullable: true, computedColumnSql: "(metrics ->> 'macro_recall')::double precision", stored: true),
                    metric_mae = table.Column<double>(type: "double precision", nullable: true, computedColumnSql: "(metrics ->> 'mae')::double precision", stored: true),
                    metric_micro_f1 = table.Column<double>(type: "double precision", nullable: true, computedColumnSql: "(metrics ->> 'micro_f1')::double precision", stored: true),
                    metric_mse = table.Column<double>(type: "double precision", nullable: true, computedColumnSql: "(metrics ->> 'mse')::double precision", stored: true),
                    metric_r2 = table.Column<double>(type: "double precision", nullable: true, computedColumnSql: "(metrics ->> 'r2')::double precision", stored: true),
                    metric_rmse = table.Column<double>(type: "double precision", nullable: true, computedColumnSql: "(metrics ->> 'rmse')::double precision", stored: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_models", x => x.id);
                    table.ForeignKey(
                        name: "FK_models_artifacts_artifact_sha256",
                        column: x => x.artifact_sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_models_experiments_experiment_id",
                        column: x => x.experiment_id,
                        principalTable: "experiments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "search_parts",
                columns: table => new
                {
                    experiment_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    holder = table.Column<Guid>(type: "uuid", nullable: false),
                    artifact_sha256 = table.Column<string>(type: "character varying(64)", nullable: true),
                    used_seconds = table.Column<double>(type: "double precision", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_search_parts", x => new { x.experiment_id, x.name });
                    table.ForeignKey(
                        name: "FK_search_parts_artifacts_artifact_sha256",
                        column: x => x.artifact_sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_search_parts_experiments_experiment_id",
                        column: x => x.experiment_id,
                        principalTable: "experiments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "custom_model_conversions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    version_id = table.Column<Guid>(type: "uuid", nullable: false),
                    item_id = table.Column<Guid>(type: "uuid", nullable: false),
                    job_id = table.Column<Guid>(type: "uuid", nullable: false),
                    should_stop = table.Column<bool>(type: "boolean", nullable: false),
                    succeeded = table.Column<bool>(type: "boolean", nullable: true),
                    log = table.Column<string>(type: "text", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_model_conversions", x => x.id);
                    table.ForeignKey(
                        name: "FK_custom_model_conversions_custom_model_versions_version_id",
                        column: x => x.version_id,
                        principalTable: "custom_model_versions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "custom_model_files",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    version_id = table.Column<Guid>(type: "uuid", nullable: false),
                    ordinal = table.Column<int>(type: "integer", nullable: false),
                    path = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: false),
                    sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    size = table.Column<long>(type: "bigint", nullable: false),
                    origin = table.Column<string>(type: "jsonb", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_model_files", x => x.id);
                    table.ForeignKey(
                        name: "FK_custom_model_files_artifacts_sha256",
                        column: x => x.sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_custom_model_files_custom_model_versions_version_id",
                        column: x => x.version_id,
                        principalTable: "custom_model_versions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "custom_model_insights",
                columns: table => new
                {
                    version_id = table.Column<Guid>(type: "uuid", nullable: false),
                    kind = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    content = table.Column<string>(type: "jsonb", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_model_insights", x => new { x.version_id, x.kind });
                    table.ForeignKey(
                        name: "FK_custom_model_insights_custom_model_versions_version_id",
                        column: x => x.version_id,
                        principalTable: "custom_model_versions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "dependency_builds",
                columns: table => new
                {
                    version_id = table.Column<Guid>(type: "uuid", nullable: false),
                    job_id = table.Column<Guid>(type: "uuid", nullable: false),
                    status = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    log = table.Column<string>(type: "text", nullable: false),
                    packages_sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_dependency_builds", x => x.version_id);
                    table.ForeignKey(
                        name: "FK_dependency_builds_artifacts_packages_sha256",
                        column: x => x.packages_sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_dependency_builds_custom_model_versions_version_id",
                        column: x => x.version_id,
                        principalTable: "custom_model_versions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "model_packages",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    registered_model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<int>(type: "integer", nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    custom_model_version_id = table.Column<Guid>(type: "uuid", nullable: false),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_model_packages", x => x.id);
                    table.ForeignKey(
                        name: "FK_model_packages_custom_model_versions_custom_model_version_id",
                        column: x => x.custom_model_version_id,
                        principalTable: "custom_model_versions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_model_packages_registered_models_registered_model_id",
                        column: x => x.registered_model_id,
                        principalTable: "registered_models",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "custom_model_tests",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    version_id = table.Column<Guid>(type: "uuid", nullable: false),
                    dataset_version_id = table.Column<Guid>(type: "uuid", nullable: false),
                    job_id = table.Column<Guid>(type: "uuid", nullable: false),
                    image_id = table.Column<Guid>(type: "uuid", nullable: false),
                    runtime = table.Column<string>(type: "jsonb", nullable: false),
                    modes = table.Column<string>(type: "jsonb", nullable: false),
                    status = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    results = table.Column<string>(type: "jsonb", nullable: false),
                    log = table.Column<string>(type: "text", nullable: false),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    completed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_model_tests", x => x.id);
                    table.ForeignKey(
                        name: "FK_custom_model_tests_custom_model_versions_version_id",
                        column: x => x.version_id,
                        principalTable: "custom_model_versions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_custom_model_tests_dataset_versions_dataset_version_id",
                        column: x => x.dataset_version_id,
                        principalTable: "dataset_versions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "pipeline_versions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<long>(type: "bigint", nullable: false, defaultValueSql: "nextval('registry_numbers')"),
                    pipeline_id = table.Column<Guid>(type: "uuid", nullable: false),
                    definition = table.Column<string>(type: "jsonb", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_pipeline_versions", x => x.id);
                    table.ForeignKey(
                        name: "FK_pipeline_versions_pipelines_pipeline_id",
                        column: x => x.pipeline_id,
                        principalTable: "pipelines",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "studio_scenarios",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    session_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    changes = table.Column<string>(type: "jsonb", nullable: false),
                    result = table.Column<string>(type: "jsonb", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_studio_scenarios", x => x.id);
                    table.ForeignKey(
                        name: "FK_studio_scenarios_studio_sessions_session_id",
                        column: x => x.session_id,
                        principalTable: "studio_sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "model_baselines",
                columns: table => new
                {
                    model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    baseline = table.Column<string>(type: "jsonb", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_model_baselines", x => x.model_id);
                    table.ForeignKey(
                        name: "FK_model_baselines_models_model_id",
                        column: x => x.model_id,
                        principalTable: "models",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "model_explanations",
                columns: table => new
                {
                    model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    content = table.Column<string>(type: "jsonb", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_model_explanations", x => x.model_id);
                    table.ForeignKey(
                        name: "FK_model_explanations_models_model_id",
                        column: x => x.model_id,
                        principalTable: "models",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "model_exports",
                columns: table => new
                {
                    model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    artifact_sha256 = table.Column<string>(type: "character varying(64)", nullable: false),
                    size_bytes = table.Column<long>(type: "bigint", nullable: false),
                    largest_difference = table.Column<double>(type: "double precision", nullable: false),
                    rows = table.Column<int>(type: "integer", nullable: false),
                    on_validation = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_model_exports", x => x.model_id);
                    table.ForeignKey(
                        name: "FK_model_exports_artifacts_artifact_sha256",
                        column: x => x.artifact_sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_model_exports_models_model_id",
                        column: x => x.model_id,
                        principalTable: "models",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "custom_model_conversion_outputs",
                columns: table => new
                {
                    conversion_id = table.Column<Guid>(type: "uuid", nullable: false),
                    path = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: false),
                    sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    size = table.Column<long>(type: "bigint", nullable: false),
                    columns = table.Column<string>(type: "jsonb", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_model_conversion_outputs", x => new { x.conversion_id, x.path });
                    table.ForeignKey(
                        name: "FK_custom_model_conversion_outputs_artifacts_sha256",
                        column: x => x.sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_custom_model_conversion_outputs_custom_model_conversions_co~",
                        column: x => x.conversion_id,
                        principalTable: "custom_model_conversions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.InsertData(
                table: "execution_environments",
                columns: new[] { "id", "created_at", "deleted_at", "description", "is_public", "language", "name", "owner_id", "use_cases" },
                values: new object[] { new Guid("00000000-0000-8000-8000-000000000b01"), new DateTimeOffset(new DateTime(2025, 1, 1, 0, 0, 0, 0, DateTimeKind.Unspecified), new TimeSpan(0, 0, 0, 0, 0)), null, "The Python of the machine that the hub runs on, in a sandbox.", true, "python", "Python 3 on this host", null, "[\"customModel\"]" });

            migrationBuilder.InsertData(
                table: "environment_versions",
                columns: new[] { "id", "build_error", "build_id", "build_log", "build_status", "built_at", "context_name", "context_sha256", "context_size", "created_at", "created_by", "description", "engine_image", "environment_id", "image_id", "image_name", "image_sha256", "image_size", "image_uri", "label" },
                values: new object[] { new Guid("00000000-0000-8000-8000-000000000b02"), "", null, "", "Success", new DateTimeOffset(new DateTime(2025, 1, 1, 0, 0, 0, 0, DateTimeKind.Unspecified), new TimeSpan(0, 0, 0, 0, 0)), null, null, null, new DateTimeOffset(new DateTime(2025, 1, 1, 0, 0, 0, 0, DateTimeKind.Unspecified), new TimeSpan(0, 0, 0, 0, 0)), null, "", null, new Guid("00000000-0000-8000-8000-000000000b01"), new Guid("00000000-0000-8000-8000-000000000b02"), null, null, null, null, "host" });

            migrationBuilder.CreateIndex(
                name: "IX_api_keys_hash",
                table: "api_keys",
                column: "hash",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_api_keys_user_id",
                table: "api_keys",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "IX_batch_predictions_input_sha256",
                table: "batch_predictions",
                column: "input_sha256");

            migrationBuilder.CreateIndex(
                name: "IX_batch_predictions_project_id_created_at",
                table: "batch_predictions",
                columns: new[] { "project_id", "created_at" });

            migrationBuilder.CreateIndex(
                name: "IX_batch_predictions_result_sha256",
                table: "batch_predictions",
                column: "result_sha256");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_conversion_outputs_sha256",
                table: "custom_model_conversion_outputs",
                column: "sha256");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_conversions_job_id",
                table: "custom_model_conversions",
                column: "job_id");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_conversions_version_id_created_at",
                table: "custom_model_conversions",
                columns: new[] { "version_id", "created_at" });

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_files_sha256",
                table: "custom_model_files",
                column: "sha256");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_files_version_id_path",
                table: "custom_model_files",
                columns: new[] { "version_id", "path" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_grants_user_id",
                table: "custom_model_grants",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_tests_dataset_version_id",
                table: "custom_model_tests",
                column: "dataset_version_id");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_tests_image_id",
                table: "custom_model_tests",
                column: "image_id");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_tests_job_id",
                table: "custom_model_tests",
                column: "job_id");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_tests_version_id_created_at",
                table: "custom_model_tests",
                columns: new[] { "version_id", "created_at" });

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_versions_environment_id",
                table: "custom_model_versions",
                column: "environment_id");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_versions_environment_version_id",
                table: "custom_model_versions",
                column: "environment_version_id");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_versions_model_id_major_minor",
                table: "custom_model_versions",
                columns: new[] { "model_id", "major", "minor" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_versions_number",
                table: "custom_model_versions",
                column: "number",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_versions_upload_sha256",
                table: "custom_model_versions",
                column: "upload_sha256");

            migrationBuilder.CreateIndex(
                name: "IX_custom_models_created_at",
                table: "custom_models",
                column: "created_at");

            migrationBuilder.CreateIndex(
                name: "IX_custom_models_number",
                table: "custom_models",
                column: "number",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_custom_models_project_id_name",
                table: "custom_models",
                columns: new[] { "project_id", "name" });

            migrationBuilder.CreateIndex(
                name: "IX_custom_models_project_id_user_provided_id",
                table: "custom_models",
                columns: new[] { "project_id", "user_provided_id" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_dataset_parts_artifact_sha256",
                table: "dataset_parts",
                column: "artifact_sha256");

            migrationBuilder.CreateIndex(
                name: "IX_dataset_versions_dataset_id_number",
                table: "dataset_versions",
                columns: new[] { "dataset_id", "number" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_datasets_project_id_name",
                table: "datasets",
                columns: new[] { "project_id", "name" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_dependency_builds_job_id",
                table: "dependency_builds",
                column: "job_id");

            migrationBuilder.CreateIndex(
                name: "IX_dependency_builds_packages_sha256",
                table: "dependency_builds",
                column: "packages_sha256");

            migrationBuilder.CreateIndex(
                name: "IX_deployment_events_deployment_id_at",
                table: "deployment_events",
                columns: new[] { "deployment_id", "at" });

            migrationBuilder.CreateIndex(
                name: "IX_deployment_models_model_id",
                table: "deployment_models",
                column: "model_id");

            migrationBuilder.CreateIndex(
                name: "IX_deployments_project_id_created_at",
                table: "deployments",
                columns: new[] { "project_id", "created_at" });

            migrationBuilder.CreateIndex(
                name: "IX_environment_grants_user_id",
                table: "environment_grants",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "IX_environment_versions_context_sha256",
                table: "environment_versions",
                column: "context_sha256");

            migrationBuilder.CreateIndex(
                name: "IX_environment_versions_environment_id_created_at",
                table: "environment_versions",
                columns: new[] { "environment_id", "created_at" });

            migrationBuilder.CreateIndex(
                name: "IX_environment_versions_image_sha256",
                table: "environment_versions",
                column: "image_sha256");

            migrationBuilder.CreateIndex(
                name: "IX_execution_environments_created_at",
                table: "execution_environments",
                column: "created_at");

            migrationBuilder.CreateIndex(
                name: "IX_execution_environments_owner_id",
                table: "execution_environments",
                column: "owner_id");

            migrationBuilder.CreateIndex(
                name: "IX_experiments_project_id_created_at",
                table: "experiments",
                columns: new[] { "project_id", "created_at" });

            migrationBuilder.CreateIndex(
                name: "ix_experiments_automl_name",
                table: "experiments",
                columns: new[] { "dataset_id", "name" },
                unique: true,
                filter: "origin = 'automl'");

            migrationBuilder.CreateIndex(
                name: "IX_jobs_owner_id_created_at",
                table: "jobs",
                columns: new[] { "owner_id", "created_at" });

            migrationBuilder.CreateIndex(
                name: "IX_jobs_project_id",
                table: "jobs",
                column: "project_id");

            migrationBuilder.CreateIndex(
                name: "IX_jobs_subject_id",
                table: "jobs",
                column: "subject_id");

            migrationBuilder.CreateIndex(
                name: "ix_jobs_open",
                table: "jobs",
                columns: new[] { "lane", "created_at" },
                filter: "status in ('Queued', 'Running')");

            migrationBuilder.CreateIndex(
                name: "IX_kept_predictions_deployment_id_at",
                table: "kept_predictions",
                columns: new[] { "deployment_id", "at" });

            migrationBuilder.CreateIndex(
                name: "IX_model_exports_artifact_sha256",
                table: "model_exports",
                column: "artifact_sha256");

            migrationBuilder.CreateIndex(
                name: "IX_model_packages_custom_model_version_id",
                table: "model_packages",
                column: "custom_model_version_id");

            migrationBuilder.CreateIndex(
                name: "IX_model_packages_registered_model_id_number",
                table: "model_packages",
                columns: new[] { "registered_model_id", "number" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_models_artifact_sha256",
                table: "models",
                column: "artifact_sha256");

            migrationBuilder.CreateIndex(
                name: "IX_models_created_at_id",
                table: "models",
                columns: new[] { "created_at", "id" },
                descending: new[] { true, false });

            migrationBuilder.CreateIndex(
                name: "IX_models_experiment_id",
                table: "models",
                column: "experiment_id");

            migrationBuilder.CreateIndex(
                name: "IX_models_number",
                table: "models",
                column: "number",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_models_project_id_created_at",
                table: "models",
                columns: new[] { "project_id", "created_at" });

            migrationBuilder.CreateIndex(
                name: "IX_models_version_number",
                table: "models",
                column: "version_number",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_models_trained",
                table: "models",
                column: "project_id",
                filter: "artifact_sha256 is not null");

            migrationBuilder.CreateIndex(
                name: "IX_pipeline_versions_number",
                table: "pipeline_versions",
                column: "number",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_pipeline_versions_pipeline_id",
                table: "pipeline_versions",
                column: "pipeline_id");

            migrationBuilder.CreateIndex(
                name: "IX_pipelines_deployment_id",
                table: "pipelines",
                column: "deployment_id");

            migrationBuilder.CreateIndex(
                name: "IX_pipelines_deployment_number",
                table: "pipelines",
                column: "deployment_number");

            migrationBuilder.CreateIndex(
                name: "IX_pipelines_number",
                table: "pipelines",
                column: "number",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_pipelines_project_id_name",
                table: "pipelines",
                columns: new[] { "project_id", "name" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_project_members_user_id",
                table: "project_members",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "IX_projects_number",
                table: "projects",
                column: "number",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_projects_owner_id_name",
                table: "projects",
                columns: new[] { "owner_id", "name" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_registered_models_project_id_name",
                table: "registered_models",
                columns: new[] { "project_id", "name" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_remote_repositories_created_by",
                table: "remote_repositories",
                column: "created_by");

            migrationBuilder.CreateIndex(
                name: "IX_remote_repositories_name",
                table: "remote_repositories",
                column: "name",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_search_parts_artifact_sha256",
                table: "search_parts",
                column: "artifact_sha256");

            migrationBuilder.CreateIndex(
                name: "IX_studio_scenarios_session_id_created_at",
                table: "studio_scenarios",
                columns: new[] { "session_id", "created_at" });

            migrationBuilder.CreateIndex(
                name: "IX_studio_sessions_deployment_id",
                table: "studio_sessions",
                column: "deployment_id");

            migrationBuilder.CreateIndex(
                name: "IX_studio_sessions_project_id_created_at",
                table: "studio_sessions",
                columns: new[] { "project_id", "created_at" });

            migrationBuilder.CreateIndex(
                name: "IX_users_username",
                table: "users",
                column: "username",
                unique: true);

            // By each metric, the better first and models without it last: the order that lists ask for. EF Core cannot describe such an index.
            foreach (var metric in new[] { "logloss", "rmse", "mse", "mae" })
                migrationBuilder.Sql($"create index ix_models_by_{metric} on models ((metric_{metric} is null), metric_{metric}, id);");
            foreach (var metric in new[] { "auc", "accuracy", "r2", "macro_f1", "micro_f1", "macro_precision", "macro_recall" })
                migrationBuilder.Sql($"create index ix_models_by_{metric} on models ((metric_{metric} is null), metric_{metric} desc, id);");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "actual_outcomes");

            migrationBuilder.DropTable(
                name: "api_keys");

            migrationBuilder.DropTable(
                name: "batch_predictions");

            migrationBuilder.DropTable(
                name: "custom_model_conversion_outputs");

            migrationBuilder.DropTable(
                name: "custom_model_files");

            migrationBuilder.DropTable(
                name: "custom_model_grants");

            migrationBuilder.DropTable(
                name: "custom_model_insights");

            migrationBuilder.DropTable(
                name: "custom_model_tests");

            migrationBuilder.DropTable(
                name: "dataset_parts");

            migrationBuilder.DropTable(
                name: "dependency_builds");

            migrationBuilder.DropTable(
                name: "deployment_events");

            migrationBuilder.DropTable(
                name: "deployment_models");

            migrationBuilder.DropTable(
                name: "deployment_windows");

            migrationBuilder.DropTable(
                name: "environment_grants");

            migrationBuilder.DropTable(
                name: "jobs");

            migrationBuilder.DropTable(
                name: "kept_predictions");

            migrationBuilder.DropTable(
                name: "model_baselines");

            migrationBuilder.DropTable(
                name: "model_explanations");

            migrationBuilder.DropTable(
                name: "model_exports");

            migrationBuilder.DropTable(
                name: "model_packages");

            migrationBuilder.DropTable(
                name: "pipeline_versions");

            migrationBuilder.DropTable(
                name: "project_members");

            migrationBuilder.DropTable(
                name: "remote_repositories");

            migrationBuilder.DropTable(
                name: "search_parts");

            migrationBuilder.DropTable(
                name: "serving_confirmations");

            migrationBuilder.DropTable(
                name: "studio_scenarios");

            migrationBuilder.DropTable(
                name: "custom_model_conversions");

            migrationBuilder.DropTable(
                name: "dataset_versions");

            migrationBuilder.DropTable(
                name: "models");

            migrationBuilder.DropTable(
                name: "registered_models");

            migrationBuilder.DropTable(
                name: "pipelines");

            migrationBuilder.DropTable(
                name: "serving_nodes");

            migrationBuilder.DropTable(
                name: "studio_sessions");

            migrationBuilder.DropTable(
                name: "custom_model_versions");

            migrationBuilder.DropTable(
                name: "datasets");

            migrationBuilder.DropTable(
                name: "experiments");

            migrationBuilder.DropTable(
                name: "deployments");

            migrationBuilder.DropTable(
                name: "custom_models");

            migrationBuilder.DropTable(
                name: "environment_versions");

            migrationBuilder.DropTable(
                name: "projects");

            migrationBuilder.DropTable(
                name: "artifacts");

            migrationBuilder.DropTable(
                name: "execution_environments");

            migrationBuilder.DropTable(
                name: "users");

            migrationBuilder.DropSequence(
                name: "registry_numbers");
        }
    }
}
